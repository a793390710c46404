# SPDX-License-Identifier: BSD-3-Clause
"""Measures: the benchmarks in one process, and routers as processes side by side. Prints tables, and
writes JSON, Markdown and a page to look at."""
import argparse
import json
import os
import re
import signal
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HUGE_MIB = 2048  # for a router, the generator and their queues


def options():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--only", metavar="REGEX",
                        help="only benchmarks in one process, and of them those that match")
    parser.add_argument("--routers", metavar="REGEX", nargs="?", const="",
                        help="only routers, and of them those whose TRANSPORT/WORKLOAD/ROUTER matches")
    parser.add_argument("--json", metavar="FILE", type=Path,
                        help="where to write (build/bench.json); .md and .html beside it")
    parser.add_argument("--compare", metavar="BASELINE", type=Path,
                        help="the JSON of an earlier run: tell what changed")
    parser.add_argument("--rounds", type=int, default=3, help="of all routers (3)")
    parser.add_argument("--seconds", type=float, default=2, help="of each of a router's runs (2)")
    parser.add_argument("--size", default="64", help="of frames: 64, imix, ... (64)")
    parser.add_argument("--processors", default="0,1", help="the router's and the generator's (0,1)")
    parser.add_argument("--no-huge", action="store_true", help="use no huge pages")
    parser.add_argument("--router", metavar="FILE", type=Path, action="append", default=[],
                        help="the adapter of one more router: bench/suite/peers/ has examples")
    return checked(parser, parser.parse_args())


def checked(parser, o):
    for name in ("only", "routers"):
        try:
            re.compile(getattr(o, name) or "")
        except re.error as error:
            parser.error(f"--{name}: {error}")
    if o.only is not None and o.routers is not None:
        parser.error("--only and --routers leave nothing of each other")
    try:
        o.processors = tuple(int(n) for n in o.processors.split(","))
    except ValueError:
        parser.error("--processors wants two numbers: 0,1")
    if len(o.processors) != 2:
        parser.error("--processors wants two numbers: 0,1")
    if o.compare and not o.compare.exists():
        parser.error(f"--compare: there is no {o.compare}")
    return o


def measure_routers(o):
    """None where it can not be done."""
    if os.geteuid() != 0:
        print("routers are left out: their network namespaces need root (sudo ./dev bench)", file=sys.stderr)
        return None
    os.environ["SLUICE_BUILD"] = str(o.build)
    sys.path.insert(0, str(ROOT / "test/system"))
    import machine
    with machine.huge_pages(0 if o.no_huge else HUGE_MIB) as huge:
        return measure_routers_with(o, huge)


def measure_routers_with(o, huge):
    import machine
    import throughput
    if not huge:
        throughput.say("without huge pages, which costs speed")
    suite = throughput.Suite(throughput.Settings(
        generator=o.build / "bench/generator/sluice-bench", probe=o.build / "bench/probe/one_way",
        only=o.routers or "", rounds=o.rounds, seconds=o.seconds, size=o.size, processors=o.processors,
        huge=huge, more_peers=tuple(o.router)))
    about = machine.machine()
    return {"machine": about, "versions": machine.versions(ROOT, suite.peers),
            "settings": {"rounds": o.rounds, "seconds": o.seconds, "size": o.size,
                         "processors": o.processors, "huge_pages": huge},
            "runs": suite.run(), "left_out": suite.left_out}


def measure(o):
    """The report, and how many things failed."""
    import in_process
    report, failures = {}, 0
    if o.routers is None:
        merged, failed = in_process.measure(o.build, o.only or "")
        for name in failed:
            print(f"error: the benchmarks of {name} failed", file=sys.stderr)
        if merged is None and not failed:
            print(f"error: no benchmark matches {o.only!r}", file=sys.stderr)
        failures += len(failed) + (merged is None)
        report = merged or {}
        failures += any(each.get("error_occurred") for each in report.get("benchmarks", []))
        report.get("context", {})["executable"] = "./dev bench"
    if o.only is None:
        suite = measure_routers(o)
        if suite is not None:
            report["suite"] = suite
            failures += sum("failed" in run for run in suite["runs"])
    return report, failures


def write(report, output):
    import page
    import text
    output.write_text(json.dumps(report, indent=2) + "\n")
    output.with_suffix(".md").write_text(text.markdown(report))
    output.with_suffix(".html").write_text(page.page(report))
    print(f"written to {output}, and .md and .html beside it", file=sys.stderr)


def show(report, baseline):
    import compare
    import figures
    import in_process
    import text
    tables = []
    if report.get("benchmarks"):
        tables.append(in_process.table(report["benchmarks"]))
    if report.get("suite"):
        tables.append(text.throughput_table(figures.rows(report["suite"]["runs"])))
    if baseline:
        tables.append(compare.changes(json.loads(baseline.read_text()), report))
    print("\n\n".join("\n".join(text.aligned(*each)) for each in tables))


def main():
    # As Ctrl-C does: so that namespaces and huge pages are given back.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    o = options()
    report, failures = measure(o)
    if not report:
        return 1
    write(report, o.json or o.build / "bench.json")
    show(report, o.compare)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
