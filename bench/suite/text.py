# SPDX-License-Identifier: BSD-3-Clause
"""Figures as text: tables for a terminal, and Markdown."""
import figures
import in_process


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


def _about(suite):
    machine, settings = suite["machine"], suite["settings"]
    return (f"{machine['processor']}, kernel {machine['kernel']}, {machine['date']}, load "
            f"{machine['load']:.1f} at the start. Medians of {settings['rounds']} interleaved runs of "
            f"{settings['seconds']} s, ± half the way from the least to the most.")


def markdown(report):
    lines = ["# Benchmark", ""]
    suite = report.get("suite")
    if suite:
        lines += [_about(suite), "", *markdown_table(*throughput_table(figures.rows(suite["runs"]))), ""]
        lines += [f"Failed: {run['case']}, {run['peer']}, round {run['round'] + 1}."
                  for run in suite["runs"] if "failed" in run]
        lines += [f"Left out: {each['peer']}: {each['why']}." for each in suite["left_out"]]
    if report.get("benchmarks"):
        lines += ["## In one process", "", *markdown_table(*in_process.table(report["benchmarks"]))]
    return "\n".join(lines) + "\n"
