# SPDX-License-Identifier: BSD-3-Clause
"""How the pipeline's cost grows with routes, sessions, tunnels and workers: the benchmarks in one process
that say of how many of them they are."""
import dataclasses
import re

MPPS = "million packets a second"
CYCLES = "cycles a packet"
OF = {"routes": CYCLES, "sessions": CYCLES, "tunnels": CYCLES, "workers": MPPS}


@dataclasses.dataclass(frozen=True)
class Scaling:
    of: str        # routes, sessions, ...
    unit: str
    lines: dict    # name to [(how many, figure)]


def _figure(benchmark, unit):
    if unit == CYCLES:
        return benchmark.get("cycles_per_packet")
    return benchmark.get("items_per_second", 0) / 1e6


def _lines(benchmarks, of):
    lines = {}
    for each in benchmarks:
        figure = None if each.get("error_occurred") else _figure(each, OF[of])
        if of in each and figure:
            name = re.sub(rf"/{of}:[^/]+|/(iterations|real_time).*", "", each["name"]).removeprefix("pipeline/")
            lines.setdefault(name, []).append((each[of], figure))
    return {name: sorted(points) for name, points in lines.items()}


def scalings(benchmarks):
    """Those of which there are at least two points to be joined by a line."""
    found = []
    for of, unit in OF.items():
        lines = {n: points for n, points in _lines(benchmarks, of).items() if len(points) > 1}
        if lines:
            found.append(Scaling(of, unit, lines))
    return found


def table(scaling):
    """A row for each line."""
    numbers = sorted({n for points in scaling.lines.values() for n, _ in points})
    rows = [(name, *(f"{dict(points)[n]:.1f}" if n in dict(points) else "" for n in numbers))
            for name, points in scaling.lines.items()]
    return (f"{scaling.unit}, {scaling.of}:", *(f"{n:,.0f}" for n in numbers)), rows
