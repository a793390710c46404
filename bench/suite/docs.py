# SPDX-License-Identifier: BSD-3-Clause
"""The part of docs/performance.md that is generated, between two marks; all else there is people's."""
import text
from progress import say

BEGIN = "<!-- generated: ./dev bench --docs -->"
END = "<!-- end of what is generated -->"


class NoMarks(ValueError):
    pass


def put(page, generated):
    """The page with what stood between the marks replaced."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoMarks(f"the page has not both marks, {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{generated.strip()}\n\n{END}{after}"


def misses(report):
    """Why the page would lose by it; None if it would not."""
    missing = [part for part in ("benchmarks", "suite") if not report.get(part)]
    return f"no {' and no '.join(missing)} in this run: put several together with --from" if missing else None


def write(report, file):
    file.write_text(put(file.read_text(), text.markdown_sections(report, level=3)))
    say(f"{file} has the figures")
