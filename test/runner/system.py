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


def environment(build):
    return {**os.environ, "SLUICE_BUILD": str(build), "PYTHONDONTWRITEBYTECODE": "1"}


def only(wanted):
    return ["-k", wanted] if wanted else []


def system_jobs(build, root, wanted, total, scratch):
    """A job for each file, the largest first, so that none of them is left for the end."""
    files = sorted((root / "test/system").glob("test_*.py"), key=lambda f: -f.stat().st_size)

    def run_file(file):
        run_pytest(f"system {file.stem.removeprefix('test_')}", [file, "-m", "not alone", *only(wanted)],
                   environment(build), total, scratch)

    return [lambda file=file: run_file(file) for file in files]


def run_system_tests_alone(build, root, wanted, total, scratch):
    """Those that suffer nobody beside them."""
    run_pytest("system alone", [root / "test/system", "-m", "alone", *only(wanted)], environment(build),
               total, scratch)
