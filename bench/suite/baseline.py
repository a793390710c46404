# SPDX-License-Identifier: BSD-3-Clause
"""What changed since a baseline: another report, or what is kept of one in the repository."""
import json

import figures
from progress import say

NOISE = 0.05  # less than this is never called a change of time
FEW = 0.005   # and less than this of instructions: ports are drawn by chance


def _change(before, now):
    return (now - before) / before if before else 0.0


def _row(name, unit, before, now, least_change, more_is_better=False):
    change = _change(before, now)
    verdict = ""
    if abs(change) > least_change:
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
        yield _row(each["name"], unit, other[key], each[key], NOISE)


def throughput_changes(before, now):
    """Of the same case, peer and placement of the processors. What lies within the spread of either
    is no change."""
    rows = {(r.case, r.placement, r.peer): r for r in figures.rows(before.get("suite", {}).get("runs", []))}
    for r in figures.rows(now.get("suite", {}).get("runs", [])):
        other = rows.get((r.case, r.placement, r.peer))
        if other is not None:
            yield _row(f"{r.case} {r.peer} ({r.placement})", "Mpps", other.pps.median / 1e6,
                       r.pps.median / 1e6, max(NOISE, r.pps.spread + other.pps.spread),
                       more_is_better=True)


def instruction_changes(before, now):
    known = before.get("instructions", {})
    for name, counted in now.get("instructions", {}).items():
        if name in known:
            yield _row(name, "instructions/packet", known[name], counted, FEW)


def _has_times(report):
    return bool(report.get("benchmarks") or report.get("suite"))


def _is_of_the_same_processor(before, now):
    processors = [report.get("machine", {}).get("processor") for report in (before, now)]
    return processors[0] == processors[1]


def changes(before, now):
    """(header, rows) of text. Times of another processor say nothing, instructions do."""
    rows = [*instruction_changes(before, now)]
    if _is_of_the_same_processor(before, now):
        rows += [*in_process_changes(before, now), *throughput_changes(before, now)]
    elif _has_times(before) and _has_times(now):
        say("times are not compared: the baseline was measured on another processor")
    return ("what", "before", "now", "change", ""), rows


def _kept_benchmark(each):
    return {key: each[key] for key in ("name", "cycles_per_packet", "real_time", "time_unit") if key in each}


def _kept_run(run):
    return {key: run[key] for key in ("case", "peer", "placement", "received_pps", "limited_by", "loss")}


def _kept(report):
    """What changes() looks at, of the parts that there are."""
    kept = {}
    if report.get("benchmarks"):
        kept["benchmarks"] = [_kept_benchmark(b) for b in report["benchmarks"] if not b.get("error_occurred")]
    if report.get("suite"):
        kept["suite"] = {"runs": [_kept_run(r) for r in report["suite"]["runs"] if "failed" not in r]}
    if report.get("instructions"):
        kept["instructions"] = report["instructions"]
    return kept


def save(report, file):
    """Parts that were not measured stay as they are in the file, with the commit they are of."""
    before = json.loads(file.read_text()) if file.exists() else {}
    kept = _kept(report)
    commits = before.get("commits", {}) | {part: report["versions"]["commit"] for part in kept}
    machine = {"machine": report["machine"]} if _has_times(kept) else {}
    file.write_text(json.dumps(before | machine | {"commits": commits} | kept, indent=1) + "\n")
    say(f"{file} is what --compare compares with")
