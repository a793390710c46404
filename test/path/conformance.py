#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes docs/conformance.md: which requirement of which standard is met, shown by which test, and
which is not met on purpose.

  conformance.py PROGRAM...           runs the test programs and writes the page
  conformance.py --check PROGRAM...   runs them and fails if the page would change

In place of a program its report may stand, which it made with --gtest_output=json:REPORT.json.

What is met comes from the tests that pass: REQUIREMENT (test/support/requirement.h). What is not
met, and why, stands in not_met.json beside this file.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs" / "conformance.md"
# What gtest says of a test itself; all else is a requirement.
OF_GTEST = {"name", "file", "line", "status", "result", "timestamp", "time", "classname",
            "failures", "type_param", "value_param"}

HEAD = """\
# Conformance

What the standards ask of this router, and the test that shows it. Made by `test/path/conformance.py`
from the tests themselves; the test `conformance` fails when it is out of date. To change it, change a
`REQUIREMENT` in a test, or `test/path/not_met.json`, and run

    python3 test/path/conformance.py BUILD/test/path/path_test

"""


def plain_name(suite, test):
    """Parameters of a test are no matter here: BothWays/Routing.Works/FastWay is Routing.Works."""
    return f"{suite.split('/')[-1]}.{test.split('/')[0]}"


def report_of(program):
    """What the program's tests came to; `program` may be a report that is there."""
    if program.endswith(".json"):
        return json.loads(pathlib.Path(program).read_text())
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        subprocess.run([program, f"--gtest_output=json:{report}", "--gtest_brief=1"],
                       stdout=subprocess.DEVNULL, check=False)
        return json.loads(report.read_text())


def requirements_of(program):
    """(section, sentence, test) of every test of the program; all must pass."""
    report = report_of(program)
    if report["failures"]:
        sys.exit(f"{report['failures']} tests of {program} fail: what they show can not be told")
    for suite in report["testsuites"]:
        for test in suite["testsuite"]:
            if test["result"] != "COMPLETED":
                continue
            for sentence, section in test.items():
                if sentence not in OF_GTEST:
                    yield section, sentence, plain_name(suite["name"], test["name"])


def order(section):
    """RFC 791 before RFC 1812, 4.2 before 4.10."""
    return [int(number) for number in re.findall(r"\d+", section)]


def table(title, rows):
    lines = [f"| Section | Requirement | {title} |", "|---|---|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def page(met, not_met):
    """`met`: (section, sentence) to the names of its tests."""
    rows = [(section, sentence, "<br>".join(f"`{t}`" for t in sorted(tests)))
            for (section, sentence), tests in met.items()]
    rows.sort(key=lambda row: (order(row[0]), row[1]))
    reasons = sorted(((n["section"], n["requirement"], n["reason"]) for n in not_met),
                     key=lambda row: (order(row[0]), row[1]))
    return (HEAD + f"## Met\n\n" + table("Shown by", rows) +
            "\n## Not met, on purpose\n\n" + table("Because", reasons))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("program", nargs="+")
    asked = parser.parse_args()

    met = {}
    for program in asked.program:
        for section, sentence, test in requirements_of(program):
            met.setdefault((section, sentence), set()).add(test)
    wanted = page(met, json.loads((HERE / "not_met.json").read_text()))
    if not asked.check:
        PAGE.write_text(wanted)
    elif not PAGE.exists() or PAGE.read_text() != wanted:
        sys.exit(f"{PAGE} is out of date; run: {sys.argv[0]} {' '.join(asked.program)}")


if __name__ == "__main__":
    main()
