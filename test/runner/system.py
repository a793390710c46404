# SPDX-License-Identifier: BSD-3-Clause
"""The system tests (pytest, as root): file by file, two at a time; then those that must be alone."""
import os
import re
import time
import xml.etree.ElementTree

from .process import ending, in_streams, run

LIMIT_S = 300
NOTHING_COLLECTED = 5  # pytest's exit code
VERDICT = re.compile(r"::.* (PASSED|FAILED|ERROR|SKIPPED)")


def cases_of(report):
    """(passed, failures, skipped) from pytest's JUnit XML."""
    passed, failures, skipped = 0, [], 0
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failures.append(f"{case.get('classname')}.{case.get('name')}")
        elif "skipped" in kinds:
            skipped += 1
        else:
            passed += 1
    return passed, failures, skipped


def told_at_the_end(output):
    """What pytest says of its failures; of a test that passed there is but its line."""
    return re.sub(r"(?s)^.*?(?=^=+ (FAILURES|ERRORS) =+$)", "", output, count=1, flags=re.M)


def run_pytest(name, arguments, environment, total, scratch):
    report = scratch / f"{name}.xml"
    started = time.monotonic()
    output, code = run(["/usr/bin/python3", "-m", "pytest", "-v", "-p", "no:cacheprovider",
                        f"--junitxml={report}", *arguments], LIMIT_S, VERDICT, env=environment)
    passed, failures, skipped = cases_of(report) if report.exists() else (0, [], 0)
    if code not in (0, NOTHING_COLLECTED) and not failures:
        failures.append(ending(code, LIMIT_S))
    if passed or failures or skipped:
        total.add(name, passed, failures, time.monotonic() - started, skipped,
                  output=told_at_the_end(output),
                  notes=re.findall(r"^measured: (.*)", output, re.M))


def run_system_tests(build, root, wanted, total, scratch):
    # The largest first, so that none of them is left for the end.
    files = sorted((root / "test/system").glob("test_*.py"), key=lambda f: -f.stat().st_size)
    only = ["-k", wanted] if wanted else []
    environment = {**os.environ, "SLUICE_BUILD": str(build), "PYTHONDONTWRITEBYTECODE": "1"}

    def run_file(file):
        run_pytest(f"system {file.stem.removeprefix('test_')}", [file, "-m", "not alone", *only],
                   environment, total, scratch)

    in_streams([lambda file=file: run_file(file) for file in files])
    run_pytest("system alone", [*files, "-m", "alone", *only], environment, total, scratch)
