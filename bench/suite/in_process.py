# SPDX-License-Identifier: BSD-3-Clause
"""The benchmarks that run in one process: of each room, and of the pipeline. They are Google
Benchmark's, and so is the JSON."""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from progress import say

# Google Benchmark's regular expressions are POSIX's: there is no \d.
QUICK = (r"^pipeline/(forward/routes:[a-z0-9]+|nat/sessions:(1024|65536|1048576)|nat/new.*|plain/.*|"
         r"[a-z0-9_]+/workers:.*|tunnels_beside(/tunnels:[0-9]+)?|(gre|ipip)_(en|de)cap/tunnels:[0-9]+)$")


def wanted(o):
    """A regular expression of names."""
    return o.only if o.only is not None else QUICK if o.quick else ""


def benchmarks_of(build):
    listed = subprocess.run(["meson", "introspect", "--benchmarks", str(build)], check=True,
                            capture_output=True, text=True).stdout
    return [(each["name"], each["cmd"]) for each in json.loads(listed)]


def names_of(command):
    listed = subprocess.run(command + ["--benchmark_list_tests=true"], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True, check=False)
    return listed.stdout.splitlines()


def measure_one(command, only):
    """The report of one program, None where it failed."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        arguments = [f"--benchmark_out={report.name}", "--benchmark_out_format=json"]
        if only:
            arguments.append(f"--benchmark_filter={only}")
        # Its own table is progress for people, and goes to stderr: ours comes at the end.
        done = subprocess.run(command + arguments, stdout=sys.stderr.fileno(), check=False)
        if done.returncode != 0:
            return None
        return json.loads(Path(report.name).read_text())


def measure(build, only):
    """(the reports of all programs as one, None where nothing matches; the names of those that failed)"""
    merged, failed = None, []
    for name, command in benchmarks_of(build):
        matching = [each for each in names_of(command) if re.search(only, each)]
        if not matching:
            continue
        say(f"measuring {name} in one process: {len(matching)} benchmarks")
        report = measure_one(command, only)
        if report is None:
            failed.append(name)
        elif merged is None:
            merged = report
        else:
            merged["benchmarks"] += report["benchmarks"]
            merged["context"] |= report["context"]
    return merged, failed


def cell(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"


def stages(benchmark):
    """Name to cycles, spread over all packets."""
    return {name.removeprefix("stage:"): value for name, value in benchmark.items()
            if name.startswith("stage:")}


def table(benchmarks):
    """(header, rows) of text."""
    rows = []
    for each in benchmarks:
        if each.get("error_occurred"):
            rows.append((each["name"], "", "", "", "FAILED: " + each.get("error_message", "")))
            continue
        rate = each.get("items_per_second")
        rows.append((each["name"], cell(each.get("cycles_per_packet")),
                     cell(rate / 1e6 if rate else None),
                     f"{cell(each['real_time'])} {each['time_unit']}", each.get("label", "")))
    return ("benchmark", "cycles/packet", "million/s", "time", ""), rows
