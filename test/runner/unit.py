# SPDX-License-Identifier: BSD-3-Clause
"""The programs that meson knows as tests: of GoogleTest, and scripts."""
import json
import os
import subprocess
import time

from .process import ending, in_streams, run

# More than meson's usual 30: what computes for 3 s takes that long where four others want each processor.
LEAST_LIMIT_S = 120


def cases_of(report):
    """(passed, failures, skipped) from a GoogleTest JSON report."""
    passed, failures, skipped = 0, [], []
    for suite in report.get("testsuites", []):
        for case in suite.get("testsuite", []):
            if case.get("failures"):
                failures.append(f"{suite['name']}.{case['name']}")
            elif case.get("result") == "SKIPPED":
                skipped.append(f"{suite['name']}.{case['name']}")
            elif case.get("status") == "RUN":
                passed += 1
    return passed, failures, skipped


def is_compiled(test):
    """Compiled tests are of GoogleTest; scripts are judged by their exit code alone."""
    try:
        with open(test["cmd"][0], "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def run_one(test, build, total, arguments, limit, report=None):
    started = time.monotonic()
    output, code = run(arguments, limit, cwd=test["workdir"] or build,
                       env={**os.environ, **test["env"]})
    passed, failures, skipped = int(code == 0 and report is None), [], []
    if report and report.exists():
        passed, failures, skipped = cases_of(json.loads(report.read_text()))
    if code != 0 and not failures:
        failures.append(ending(code, limit))
    if passed or failures or skipped:
        total.add(test["name"], passed, failures, time.monotonic() - started, len(skipped),
                  notes=[f"skipped: {name}" for name in skipped], output=output)


def run_unit_tests(build, wanted, total, scratch, slowdown=1, left_out=()):
    def limit_of(test):
        return max(test["timeout"], LEAST_LIMIT_S) * slowdown

    listed = subprocess.run(["meson", "introspect", "--tests", str(build)], check=True,
                            capture_output=True, text=True).stdout
    tests = [test for test in json.loads(listed) if "fuzz" not in test["suite"]]
    for name in left_out:
        print(f"left out: {name}", flush=True)
    tests = [test for test in tests if test["name"] not in left_out]
    compiled = [test for test in tests if is_compiled(test)]
    scripts = [test for test in tests if test not in compiled]
    reports = {build / test["cmd"][0]: scratch / f"{test['name']}.json" for test in compiled}

    def run_compiled(test):
        report = reports[build / test["cmd"][0]]
        only = [f"--gtest_filter=*{wanted}*"] if wanted else []
        run_one(test, build, total, [*test["cmd"], f"--gtest_output=json:{report}", *only],
                limit_of(test), report)

    def run_script(test):
        # A script that would run a test itself reads what became of it, where all of it has run.
        done = {} if wanted else {program: str(r) for program, r in reports.items() if r.exists()}
        run_one(test, build, total, [done.get(build / word, word) for word in test["cmd"]],
                limit_of(test))

    # Threads that wait for each other want the processors that they count on.
    for test in compiled:
        if not test["is_parallel"]:
            run_compiled(test)
    # Those first that may take longest, so that none of them is left for the end.
    beside_others = sorted((test for test in compiled if test["is_parallel"]),
                           key=lambda test: -test["timeout"])
    in_streams([lambda test=test: run_compiled(test) for test in beside_others])
    in_streams([lambda test=test: run_script(test) for test in scripts
                if not wanted or wanted in test["name"]])
