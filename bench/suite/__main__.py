# SPDX-License-Identifier: BSD-3-Clause
"""Measures: the benchmarks in one process, routers as processes side by side, and instructions a packet.
Prints tables, and writes JSON, Markdown and a page to look at."""
import json
import os
import shlex
import signal
import sys
from pathlib import Path

import baseline
import docs
import in_process
import instructions
import options
import page
import progress
import text

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HUGE_MIB = 2048  # for a router, the generator and their queues

sys.path.insert(0, str(ROOT / "test/system"))  # namespaces, and a router in one


def complain(told):
    print(f"error: {told}", file=sys.stderr)
    return 1


def measure_in_process(o, report, _):
    """Returns how many things failed, as the other two do."""
    merged, failed = in_process.measure(o.build, in_process.wanted(o))
    failures = sum(complain(f"the benchmarks of {name} failed") for name in failed)
    if merged is None:
        return failures or complain(f"no benchmark matches {o.only!r}")
    report |= merged
    return failures + sum("error_occurred" in each for each in merged["benchmarks"])


def measure_routers(o, report, until):
    import huge_pages
    if os.geteuid() != 0:
        progress.say("routers are left out: their network namespaces need root (sudo ./dev bench)")
        return 0
    os.environ["SLUICE_BUILD"] = str(o.build)
    with huge_pages.taken(0 if o.no_huge else HUGE_MIB) as on_them:
        progress.say(f"on huge pages: {on_them}" + ("" if on_them == huge_pages.ALL else ", which costs speed"))
        return measure_routers_with(o, report, until, on_them)


def routers_wanted(o):
    import workloads
    return o.routers if o.routers is not None else workloads.QUICK if o.quick else ""


def measure_routers_with(o, report, until, on_huge_pages):
    import huge_pages
    import throughput
    suite = throughput.Suite(throughput.Settings(
        generator=o.build / "bench/generator/sluice-bench", probe=o.build / "bench/probe/one_way",
        only=routers_wanted(o), rounds=o.rounds, seconds=o.seconds, size=o.size, processors=o.processors,
        huge=on_huge_pages != huge_pages.NONE, more_peers=tuple(o.router), until=until))
    report["versions"] |= {peer.name: peer.version() for peer in suite.peers}
    report["suite"] = {"settings": {"rounds": o.rounds, "seconds": o.seconds, "size": o.size,
                                    "processors": o.processors, "huge_pages": on_huge_pages},
                       "runs": suite.run(), "left_out": suite.left_out}
    return sum("failed" in run for run in report["suite"]["runs"])


def count_instructions(o, report, _):
    why = instructions.misses()
    if why:
        progress.say(f"instructions are not counted: {why}")
        return 0
    report["instructions"], failed = instructions.count(o.build, o.instructions or "")
    return sum(complain(told) for told in failed)


MEASURE = dict(zip(options.PARTS, (measure_in_process, measure_routers, count_instructions)))


def measure(o):
    """The report, and how many things failed."""
    import machine
    report = {"machine": machine.machine(), "versions": {"commit": machine.commit(ROOT)},
              "command": shlex.join(["./dev", "bench", *sys.argv[3:]])}
    until = progress.deadline(o.minutes)
    failures = sum(MEASURE[part](o, report, until) for part in o.parts)
    return report, failures


def put_together(files):
    """The later ones' parts take the place of the earlier ones'; commands add up."""
    report = {}
    for file in files:
        one = json.loads(file.read_text())
        commands = [report.get("command"), one.get("command")]
        versions = report.get("versions", {}) | one.get("versions", {})
        report |= one | {"versions": versions, "command": "; ".join(filter(None, commands))}
    return report


def write(report, output):
    output.write_text(json.dumps(report, indent=2) + "\n")
    output.with_suffix(".md").write_text(text.markdown(report))
    output.with_suffix(".html").write_text(page.page(report))
    progress.say(f"written to {output}, and .md and .html beside it")


def show(report, before):
    tables = [table for _, _, table in text.tables(report)]
    if before:
        tables.append(baseline.changes(json.loads(before.read_text()), report))
    print("\n\n".join("\n".join(text.aligned(*each)) for each in tables))


def put_into_docs(report):
    why = docs.misses(report)
    if why:
        return complain(f"docs/performance.md stays as it is: {why}")
    docs.write(report, ROOT / "docs/performance.md")
    return 0


def main():
    # As Ctrl-C does: so that namespaces and huge pages are given back.
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda *_: sys.exit(1))
    o = options.options()
    report, failures = (put_together(o.earlier), 0) if o.earlier else measure(o)
    if not text.has_figures(report):
        return 1
    write(report, o.json or o.build / "bench.json")
    show(report, o.compare)
    if o.save_baseline:
        baseline.save(report, options.BASELINE)
    if o.docs:
        failures += put_into_docs(report)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
