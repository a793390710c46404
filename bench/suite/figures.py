# SPDX-License-Identifier: BSD-3-Clause
"""From runs to figures: medians with their spread, like compared with like."""
import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Figure:
    median: float
    least: float
    most: float
    runs: int

    @classmethod
    def of(cls, values):
        values = sorted(values)
        return cls(statistics.median(values), values[0], values[-1], len(values))

    @property
    def spread(self):
        """Half of the way from the least to the most, relative to the median."""
        return (self.most - self.least) / 2 / self.median if self.median else 0.0


@dataclasses.dataclass(frozen=True)
class Row:
    """A peer in one case and one placement of the processors."""
    case: str
    placement: str
    peer: str
    pps: Figure
    limited_by: str
    loss: float
    latency_us: dict  # percentile to median, of runs at half the rate; may be empty
    latency_at: dict  # percent of the rate to the same
    cycles: Figure | None  # the router's own, a packet
    stages: dict


def most_common(values):
    return statistics.mode(values)


def _median_of(runs, *path):
    """The median of what lies at the path, of the runs that have it."""
    values = []
    for run in runs:
        for step in path:
            run = run.get(step) if isinstance(run, dict) else None
        if run is not None:
            values.append(run)
    return statistics.median(values) if values else None


def _latencies(runs):
    names = [name for run in runs for name in (run.get("latency_us") or {})]
    return {name: _median_of(runs, "latency_us", name) for name in dict.fromkeys(names)}


def _latency_at(runs):
    loads = dict.fromkeys(load for run in runs for load in run.get("latency_at", {}))
    return {int(load): _latencies([{"latency_us": run.get("latency_at", {}).get(load)} for run in runs])
            for load in sorted(loads, key=int)}


def _stages(runs):
    names = [name for run in runs for name in (run.get("router") or {}).get("stages", {})]
    return {name: _median_of(runs, "router", "stages", name) for name in dict.fromkeys(names)}


def _row(key, runs):
    cycles = [run["router"]["cycles_per_packet"] for run in runs if run.get("router")]
    return Row(*key, Figure.of([run["received_pps"] for run in runs]),
               most_common([run["limited_by"] for run in runs]),
               statistics.median(run["loss"] for run in runs), _latencies(runs), _latency_at(runs),
               Figure.of(cycles) if cycles else None, _stages(runs))


def rows(runs):
    """A row for each case, placement and peer; the fastest first among those that are alike."""
    groups = {}
    for run in runs:
        if "failed" not in run:
            groups.setdefault((run["case"], run["placement"], run["peer"]), []).append(run)
    made = [_row(key, members) for key, members in groups.items()]
    cases = list(dict.fromkeys(run["case"] for run in runs))
    return sorted(made, key=lambda r: (cases.index(r.case), r.placement, -r.pps.median))
