# SPDX-License-Identifier: BSD-3-Clause
"""What changed since a baseline: another report of the same kind."""
import figures

NOISE = 0.05  # less than this is never called a change


def _change(before, now):
    return (now - before) / before if before else 0.0


def _row(name, unit, before, now, least_change, more_is_better):
    change = _change(before, now)
    verdict = ""
    if abs(change) > max(NOISE, least_change):
        verdict = "better" if (change > 0) == more_is_better else "worse"
    return (name, f"{before:,.2f}", f"{now:,.2f}", f"{change:+.1%}", f"{unit}  {verdict}".rstrip())


def in_process_changes(before, now):
    """Cycles where they are counted, else time: less is better."""
    known = {b["name"]: b for b in before.get("benchmarks", [])}
    for each in now.get("benchmarks", []):
        other = known.get(each["name"])
        if other is None or each.get("error_occurred") or other.get("error_occurred"):
            continue
        key = "cycles_per_packet" if "cycles_per_packet" in each and "cycles_per_packet" in other else "real_time"
        unit = "cycles/packet" if key == "cycles_per_packet" else each["time_unit"]
        yield _row(each["name"], unit, other[key], each[key], 0, more_is_better=False)


def throughput_changes(before, now):
    """Of the same case, peer and placement of the processors. What lies within the spread of either
    is no change."""
    rows = {(r.case, r.placement, r.peer): r for r in figures.rows(before.get("suite", {}).get("runs", []))}
    for r in figures.rows(now.get("suite", {}).get("runs", [])):
        other = rows.get((r.case, r.placement, r.peer))
        if other is not None:
            yield _row(f"{r.case} {r.peer} ({r.placement})", "Mpps", other.pps.median / 1e6,
                       r.pps.median / 1e6, r.pps.spread + other.pps.spread, more_is_better=True)


def changes(before, now):
    rows = [*in_process_changes(before, now), *throughput_changes(before, now)]
    return ("what", "before", "now", "change", ""), rows
