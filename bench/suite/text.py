# SPDX-License-Identifier: BSD-3-Clause
"""Figures as text: tables for a terminal, and Markdown."""
import figures
import goals
import in_process
import instructions
import scaling


def mpps(figure):
    return f"{figure.median / 1e6:.3f} ±{figure.spread:.0%}"


def throughput_table(rows):
    """(header, rows) of text."""
    header = ("case", "processors", "router", "Mpps", "runs", "limit", "lost", "p50 us", "p99 us",
              "p99.9 us", "cycles/packet")
    return header, [
        (r.case, r.placement, r.peer, mpps(r.pps), str(r.pps.runs), r.limited_by, f"{r.loss:.2%}",
         *(f"{r.latency_us[p]:.1f}" if p in r.latency_us else "" for p in ("p50", "p99", "p99.9")),
         f"{r.cycles.median:.0f}" if r.cycles else "") for r in rows]


def load_table(rows):
    """(header, rows) of text, of those that were measured at several loads."""
    rows = [r for r in rows if len(r.latency_at) > 1]
    loads = sorted({load for r in rows for load in r.latency_at})
    return ("p50 / p99 us at", "processors", "router", *(f"{load}%" for load in loads)), [
        (r.case, r.placement, r.peer,
         *(f"{r.latency_at[load]['p50']:.1f} / {r.latency_at[load]['p99']:.1f}" if load in r.latency_at else ""
           for load in loads)) for r in rows]


def aligned(header, rows):
    """The first column to the left, as is the last; all others to the right."""
    widths = [max(len(row[c]) for row in [header, *rows]) for c in range(len(header))]
    for row in [header, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row, widths)]
        cells[0], cells[-1] = row[0].ljust(widths[0]), row[-1]
        yield "  ".join(cells).rstrip()


def markdown_table(header, rows):
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def stage_table(rows):
    """(header, rows) of text; rows: (label, {stage: cycles})."""
    names = list(dict.fromkeys(name for _, stages in rows for name in stages))
    return ("cycles a packet", *names, "all"), [
        (label, *(f"{stages[name]:.1f}" if name in stages else "" for name in names), f"{sum(stages.values()):.0f}")
        for label, stages in rows]


def router_stages(report):
    return [(f"{r.case} ({r.placement})", r.stages)
            for r in figures.rows(report.get("suite", {}).get("runs", [])) if r.stages]


def pipeline_stages(report):
    return [(each["name"].removeprefix("pipeline/"), in_process.stages(each)) for each in report.get("benchmarks", [])
            if in_process.stages(each)]


def has_figures(report):
    return any(report.get(part) for part in ("benchmarks", "suite", "instructions"))


def tables(report):
    """(title, what is to be known, (header, rows)) of each table."""
    benchmarks = report.get("benchmarks", [])
    if report.get("suite"):
        yield "Routers", _about_runs(report["suite"]), throughput_table(figures.rows(report["suite"]["runs"]))
        reached = goals.table(report["suite"]["runs"])
        loads = load_table(figures.rows(report["suite"]["runs"]))
        if loads[1]:
            yield "Latency over load", "Of the rate that came through at most; medians of the same runs.", loads
        if reached[1]:
            yield "Goals", "At processors that are near; far from each other, the way between them is measured.", reached
    if router_stages(report):
        yield ("Cycles by stage, routers", "From sampled bursts, spread over all packets.",
               stage_table(router_stages(report)))
    if benchmarks:
        yield "In one process", "Cycles are of the median burst.", in_process.table(benchmarks)
    if pipeline_stages(report):
        yield ("Cycles by stage, in one process", "Of the median of sampled bursts; the sampling costs a little.",
               stage_table(pipeline_stages(report)))
    for each in scaling.scalings(benchmarks):
        yield f"Scaling with {each.of}", "", scaling.table(each)
    if report.get("instructions"):
        yield ("Instructions", "Counted by callgrind, which knows no AVX-512: of the code for AVX2.",
               instructions.table(report["instructions"]))


def _about_runs(suite):
    settings = suite["settings"]
    return (f"Medians of up to {settings['rounds']} interleaved runs of {settings['seconds']} s, frames of "
            f"{settings['size']}, ± half the way from the least to the most. On huge pages: "
            f"{settings.get('huge_pages', 'unknown')}. A rate says something of a router only where the router is the limit.")


def remarks(report):
    """What has no figures, and why; what can not be measured on this machine."""
    suite = report.get("suite", {})
    for run in suite.get("runs", []):
        if "failed" in run:
            yield f"Failed: {run['case']}, {run['peer']}, round {run['round'] + 1}."
        elif "first_try" in run:
            yield f"Only at the second try: {run['case']}, {run['peer']}, round {run['round'] + 1}."
    yield from (f"Left out: {each['peer']}: {each['why']}." for each in suite.get("left_out", []))
    if "workers" in report.get("context", {}):
        yield f"Workers: {report['context']['workers']}."


def commands(report):
    runs = report.get("suite", {}).get("runs", [])
    return [report["command"],
            *dict.fromkeys(f"{run['case']}: {run['command']}" for run in runs if "command" in run)]


def about(report):
    machine, versions = report["machine"], report["versions"]
    return (f"{machine['processor']}, {len(machine['processors'])} processors, kernel {machine['kernel']}, "
            f"{machine['date']}, load {machine['load']:.1f} at the start. "
            + ", ".join(f"{name}: {version}" for name, version in versions.items() if version) + ".")


def markdown_sections(report, level):
    lines = [about(report), "", f"`{report['command']}`", ""]
    for title, note, table in tables(report):
        lines += ["#" * level + " " + title, "", *([note, ""] if note else []), *markdown_table(*table), ""]
    return "\n".join(lines + [line + "\n" for line in remarks(report)])


def markdown(report):
    run = "\n".join(commands(report))
    return f"# Benchmark\n\n{markdown_sections(report, 2)}\n## Commands\n\n```\n{run}\n```\n"
