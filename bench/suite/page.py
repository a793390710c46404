# SPDX-License-Identifier: BSD-3-Clause
"""The report as one page that needs nothing beside itself."""
import html

import figures
import scaling
import svg
import text
from workloads import WORKLOADS

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 900px; margin: 2em auto; padding: 0 1em; color: #1f2937 }
h1, h2, h3 { line-height: 1.2 } h2 { margin-top: 2em; border-bottom: 1px solid #d1d5db }
table { border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto }
th, td { padding: 2px 10px; border-bottom: 1px solid #e5e7eb; text-align: right; white-space: nowrap }
th:first-child, td:first-child { text-align: left } .note { color: #6b7280 } pre { overflow-x: auto; font-size: 12px }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif } .grid { stroke: #e5e7eb }
.tick, .value { fill: #6b7280; font-size: 11px } .whisker { stroke: #111827; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) { body { background: #111827; color: #e5e7eb } svg text { fill: #e5e7eb }
 .grid { stroke: #374151 } .whisker { stroke: #f9fafb } th, td, h2 { border-color: #374151 } }
"""
PERCENTILES = ("p50", "p90", "p99", "p99.9", "p99.99", "max")


def _table(header, rows):
    def line(cells, tag):
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
    return "<table>" + line(header, "th") + "".join(line(row, "td") for row in rows) + "</table>"


def _facts(facts):
    return _table(("", ""), [(str(name), str(value)) for name, value in facts.items()])


def _colours(rows):
    peers = list(dict.fromkeys(row.peer for row in rows))
    return {peer: svg.COLOURS[n % len(svg.COLOURS)] for n, peer in enumerate(peers)}


def _like_with_like(rows):
    """(case, placement) to its rows: only these may be compared."""
    groups = {}
    for row in rows:
        groups.setdefault((row.case, row.placement), []).append(row)
    return groups


def _throughput(rows, colours):
    for (case, placement), group in _like_with_like(rows).items():
        workload = WORKLOADS.get(case.partition("/")[2])
        title = f"{case}, processors {placement}"
        yield f"<h3>{html.escape(title)}</h3>"
        if workload:
            yield f'<p class="note">{html.escape(workload.says)}</p>'
        yield svg.bars(title, "Mpps", [
            (r.peer, r.pps.median / 1e6, r.pps.least / 1e6, r.pps.most / 1e6,
             f"{r.pps.median / 1e6:.2f} ({r.limited_by} is the limit)", colours[r.peer]) for r in group])


def _latency(rows, colours):
    for (case, placement), group in _like_with_like(rows).items():
        lines = [(r.peer, [r.latency_us.get(p) for p in PERCENTILES], colours[r.peer])
                 for r in group if r.latency_us]
        if lines:
            yield f"<h3>{html.escape(case)}, processors {placement}</h3>"
            yield svg.curves(f"latency of {case}", PERCENTILES, "microseconds, at half of the rate", lines)


def _latency_over_load(rows, colours):
    for (case, placement), group in _like_with_like([r for r in rows if len(r.latency_at) > 1]).items():
        loads = sorted({load for r in group for load in r.latency_at})
        lines = [(f"{r.peer} {p}", [r.latency_at.get(load, {}).get(p) for load in loads], colours[r.peer])
                 for r in group for p in ("p99", "p50")]
        yield f"<h3>{html.escape(case)}, processors {placement}</h3>"
        yield svg.curves(f"latency of {case} over load", [f"{load}%" for load in loads],
                         "microseconds, at this share of the rate", lines)


def _stages(title, rows):
    if rows:
        names = list(dict.fromkeys(name for _, stages in rows for name in stages))
        yield f"<h3>{title}</h3>" + svg.stacked(title, "cycles", rows, names)


def _scaling(benchmarks):
    for each in scaling.scalings(benchmarks):
        title = f"scaling with {each.of}"
        lines = [(name, points, svg.COLOURS[n % len(svg.COLOURS)])
                 for n, (name, points) in enumerate(each.lines.items())]
        yield f"<h3>{title.capitalize()}</h3>" + svg.scaling(title, each.of, each.unit, lines)


def _suite(suite):
    rows = figures.rows(suite["runs"])
    colours = _colours(rows)
    yield "<h2>Throughput</h2>"
    yield ('<p class="note">Bars are medians of interleaved runs, whiskers go from the least to the most. A rate '
           "says something of a router only where the router is the limit. Cases with the processors near to each "
           "other and far from each other can not be compared.</p>")
    yield from _throughput(rows, colours)
    yield "<h2>Latency</h2>"
    yield from _latency(rows, colours)
    yield "<h2>Latency over load</h2>"
    yield from _latency_over_load(rows, colours)


def _plots(report):
    if report.get("suite"):
        yield from _suite(report["suite"])
    yield "<h2>Cycles by stage</h2>"
    yield '<p class="note">From sampled bursts. Of routers, spread over all packets: what few take costs little here. In one process, of the median burst.</p>'
    yield from _stages("Routers", text.router_stages(report))
    yield from _stages("In one process, without a driver", text.pipeline_stages(report))
    yield "<h2>Scaling</h2>"
    yield from _scaling(report.get("benchmarks", []))


def _body(report):
    yield "<h1>Benchmark</h1>"
    yield from _plots(report)
    yield "<h2>All figures</h2>"
    for title, note, table in text.tables(report):
        yield f'<h3>{title}</h3><p class="note">{html.escape(note)}</p>' + _table(*table)
    yield from (f"<p>{html.escape(remark)}</p>" for remark in text.remarks(report))
    for run in report.get("suite", {}).get("runs", []):
        why = run.get("failed") or run.get("first_try")
        if why:
            yield f"<p>{html.escape(run['case'])}, {html.escape(run['peer'])}:</p><pre>{html.escape(why)}</pre>"
    settings = report.get("suite", {}).get("settings", {})
    yield "<h2>Machine and versions</h2>" + _facts({**report["machine"], **report["versions"], **settings})
    yield "<h2>Commands</h2><pre>" + html.escape("\n".join(text.commands(report))) + "</pre>"


def page(report):
    return ("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
            f'content="width=device-width"><title>Benchmark</title><style>{STYLE}</style>'
            f'<body>{"".join(_body(report))}</body></html>\n')
