# SPDX-License-Identifier: BSD-3-Clause
"""What Sluice is to reach, and what it reached: rates that are compared within one transport and placement, and
the latency at half of the rate."""
import figures

LATENCY_US = 20  # p99, of plain forwarding

# (what, compared with what, and whose that is, the share to be reached)
SHARES = (("routes:1", "routes:1", "testpmd-mac", 0.90), ("routes:full", "routes:1", "sluice", 0.95),
          ("nat:64k", "routes:1", "sluice", 0.70), ("gre", "routes:1", "sluice", 0.80),
          ("ipip", "routes:1", "sluice", 0.80))


def _row(what, placed, wanted, found, is_reached, note=""):
    return what, " ".join(placed), wanted, found, ("reached" if is_reached else "not reached") + note


def _limits(*rows):
    """Where the generator was the limit, a router could do more."""
    names = [row.peer for row in rows if row.limited_by == "generator"]
    return f"; the generator was the limit of {' and '.join(dict.fromkeys(names))}" if names else ""


def _by_cycles(row, against):
    """The same share by what the router says of itself, which no generator limits."""
    if row.cycles is None or against.cycles is None:
        return ""
    return f"; by its own cycles {against.cycles.median / row.cycles.median:.0%}"


def _shares(rows):
    for (transport, placement, workload, peer), row in rows.items():
        for what, other, whose, wanted in SHARES:
            against = rows.get((transport, placement, other, whose))
            if (workload, peer) == (what, "sluice") and against is not None:
                share = row.pps.median / against.pps.median
                yield _row(f"{what}, of {whose}'s {other}", (transport, placement), f"{wanted:.0%}", f"{share:.0%}",
                           share >= wanted, _by_cycles(row, against) + _limits(row, against))


def _latencies(rows):
    for (transport, placement, workload, peer), row in rows.items():
        if (workload, peer) == ("routes:1", "sluice") and "p99" in row.latency_us:
            yield _row("p99 at half rate, us", (transport, placement), str(LATENCY_US),
                       f"{row.latency_us['p99']:.1f}", row.latency_us["p99"] < LATENCY_US)


def table(runs):
    """(header, rows) of text."""
    rows = {}
    for row in figures.rows(runs):
        transport, _, workload = row.case.partition("/")
        if transport != "veth":  # the kernel's
            rows[transport, row.placement, workload, row.peer] = row
    return ("goal", "where", "wanted", "found", ""), [*_shares(rows), *_latencies(rows)]
