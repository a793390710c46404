# SPDX-License-Identifier: BSD-3-Clause
"""Plots as SVG, which stand in a page by themselves: bars, stacked bars, curves, lines."""
import html
import math

COLOURS = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f",
           "#9333ea", "#b45309")
WIDTH, LABEL, VALUE, ROW, GAP = 760, 190, 120, 22, 6


def ticks(most, about=5):
    """Round numbers from 0 to at least `most`."""
    if most <= 0:
        return [0, 1]
    raw = most / about
    unit = 10 ** math.floor(math.log10(raw))
    step = next(unit * n for n in (1, 2, 2.5, 5, 10) if unit * n >= raw)
    return [step * n for n in range(math.ceil(most / step - 1e-9) + 1)]


def _text(x, y, text, anchor="start", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>{html.escape(text)}</text>'


def _frame(height, most, unit):
    """The scale: x of a value, and the lines and numbers to be drawn."""
    marks = ticks(most)
    span = WIDTH - LABEL - VALUE

    def x(value):
        return LABEL + span * value / marks[-1]

    drawn = []
    for mark in marks:
        drawn.append(f'<line x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="0" y2="{height:.1f}" class="grid"/>')
        drawn.append(_text(x(mark), height + 14, f"{mark:g}", "middle", 'class="tick"'))
    drawn.append(_text(WIDTH - VALUE + 28, height + 14, unit, "start", 'class="tick"'))
    return x, drawn


def _svg(height, parts, title):
    return (f'<svg viewBox="0 -8 {WIDTH} {height + 8:.0f}" role="img" aria-label="{html.escape(title)}">'
            f'<title>{html.escape(title)}</title>{"".join(parts)}</svg>')


def bars(title, unit, rows):
    """rows: (label, value, least, most, text, colour); the whisker goes from the least to the most."""
    height = len(rows) * (ROW + GAP)
    x, parts = _frame(height, max((row[3] for row in rows), default=0), unit)
    for n, (label, value, least, most, text, colour) in enumerate(rows):
        y = n * (ROW + GAP)
        middle = y + ROW / 2
        parts += [_text(LABEL - 8, middle + 4, label, "end"),
                  f'<rect x="{x(0):.1f}" y="{y}" width="{x(value) - x(0):.1f}" height="{ROW}" fill="{colour}"/>',
                  f'<line x1="{x(least):.1f}" x2="{x(most):.1f}" y1="{middle}" y2="{middle}" class="whisker"/>',
                  _text(x(most) + 6, middle + 4, text, "start", 'class="value"')]
    return _svg(height + 20, parts, title)


def stacked(title, unit, rows, names):
    """rows: (label, {name: value}); a legend of the names below."""
    height = len(rows) * (ROW + GAP)
    x, parts = _frame(height, max((sum(values.values()) for _, values in rows), default=0), unit)
    for n, (label, values) in enumerate(rows):
        y, begin = n * (ROW + GAP), 0.0
        parts.append(_text(LABEL - 8, y + ROW / 2 + 4, label, "end"))
        for name in names:
            value = values.get(name, 0)
            colour = COLOURS[names.index(name) % len(COLOURS)]
            parts.append(f'<rect x="{x(begin):.1f}" y="{y}" width="{x(begin + value) - x(begin):.1f}" '
                         f'height="{ROW}" fill="{colour}"><title>{html.escape(name)} {value:.1f}</title></rect>')
            begin += value
        parts.append(_text(x(begin) + 6, y + ROW / 2 + 4, f"{begin:.0f}", "start", 'class="value"'))
    for n, name in enumerate(names):
        left, top = LABEL + n % 5 * 110, height + 26 + n // 5 * 18
        parts.append(f'<rect x="{left}" y="{top}" width="12" height="12" fill="{COLOURS[n % len(COLOURS)]}"/>')
        parts.append(_text(left + 17, top + 10, name, "start", 'class="tick"'))
    return _svg(height + 32 + 18 * math.ceil(len(names) / 5), parts, title)


def curves(title, xs, unit, lines):
    """lines: (name, [values at xs], colour), on a logarithmic scale, since latencies span decades."""
    height, left, right = 260, 60, WIDTH - VALUE - 60
    values = [v for _, ys, _ in lines for v in ys if v and v > 0]
    if not values:
        return ""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)
    high = max(high, low + 1)

    def at(n, value):
        level = (math.log10(max(value, 10 ** low)) - low) / (high - low)
        return left + (right - left) * n / max(1, len(xs) - 1), height - height * level

    parts = []
    for decade in range(low, high + 1):
        y = at(0, 10 ** decade)[1]
        parts += [f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>',
                  _text(left - 6, y + 4, f"{10.0 ** decade:g}", "end", 'class="tick"')]
    parts += [_text(at(n, 1)[0], height + 16, label, "middle", 'class="tick"') for n, label in enumerate(xs)]
    parts.append(_text(left, height + 32, unit, "start", 'class="tick"'))
    for k, (name, ys, colour) in enumerate(lines):
        parts += _line(k, name, [at(n, y) for n, y in enumerate(ys) if y], colour, right)
    return _svg(height + 40, parts, title)


def _line(number, name, points, colour, right):
    """And its name, to the right of the plot."""
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>'
    yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
    yield f'<rect x="{right + 16}" y="{number * 18}" width="12" height="12" fill="{colour}"/>'
    yield _text(right + 33, number * 18 + 10, name, "start", 'class="tick"')


def scaling(title, x_unit, y_unit, lines):
    """lines: (name, [(x, y)], colour); x on a logarithmic scale, y from 0."""
    xs = sorted({x for _, points, _ in lines for x, _ in points})
    marks = ticks(max(y for _, points, _ in lines for _, y in points))
    height, left, right = max(220, 18 * len(lines)), 60, WIDTH - VALUE - 90
    span = math.log(xs[-1] / xs[0]) or 1

    def at(x, y):
        return left + (right - left) * math.log(x / xs[0]) / span, height - height * y / marks[-1]

    parts = []
    for mark in marks:
        y = at(xs[0], mark)[1]
        parts += [f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>',
                  _text(left - 6, y + 4, f"{mark:g}", "end", 'class="tick"')]
    parts += [_text(at(x, 0)[0], height + 16, f"{x:,.0f}", "middle", 'class="tick"') for x in xs]
    parts.append(_text(left, height + 32, f"{y_unit}, by {x_unit}", "start", 'class="tick"'))
    for k, (name, points, colour) in enumerate(lines):
        parts += _line(k, name, [at(x, y) for x, y in points], colour, right)
    return _svg(height + 40, parts, title)
