# SPDX-License-Identifier: BSD-3-Clause
"""What the command line asks for."""
import argparse
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BASELINE = HERE.parent / "baseline.json"
SECONDS, QUICK_SECONDS, QUICK_MINUTES = 2, 1, 12
ROUNDS, QUICK_ROUNDS = 3, 5

PARTS = ("in_process", "routers", "instructions")


def _declare_parts(parser):
    parts = parser.add_argument_group("parts (all of them)")
    parts.add_argument("--only", metavar="REGEX",
                       help="benchmarks in one process, those that match")
    parts.add_argument("--routers", metavar="REGEX", nargs="?", const="",
                       help="routers as processes, those whose TRANSPORT/WORKLOAD/ROUTER matches")
    parts.add_argument("--instructions", metavar="REGEX", nargs="?", const="",
                       help="instructions a packet, counted by valgrind: the same on a busy machine")
    parts.add_argument("--from", metavar="FILE", type=Path, action="append", default=[], dest="earlier",
                       help="measure nothing, take the JSON of earlier runs; those of several parts become one")


def _declare_results(parser):
    results = parser.add_argument_group("results")
    results.add_argument("--json", metavar="FILE", type=Path,
                         help="where to write (build/bench.json); .md and .html beside it")
    results.add_argument("--compare", metavar="BASELINE", type=Path, nargs="?", const=BASELINE,
                         help="tell what changed since that run (bench/baseline.json)")
    results.add_argument("--save-baseline", action="store_true",
                         help="what was measured becomes bench/baseline.json")
    results.add_argument("--docs", action="store_true",
                         help="and the generated part of docs/performance.md")


def _declare_measuring(parser):
    how = parser.add_argument_group("how it is measured")
    how.add_argument("--quick", action="store_true",
                     help=f"all that matters in {QUICK_MINUTES} minutes: fewer benchmarks in one process, "
                          f"runs of {QUICK_SECONDS} s in as many rounds as there is time for, no counting of instructions")
    how.add_argument("--minutes", type=float,
                     help="after so many, no run of a router begins; each has one")
    how.add_argument("--rounds", type=int, help=f"of all routers ({ROUNDS})")
    how.add_argument("--seconds", type=float, help=f"of each of a router's runs ({SECONDS})")
    how.add_argument("--size", default="64", help="of frames: 64, imix, ... (64)")
    how.add_argument("--processors", default="0,1", help="the router's and the generator's (0,1)")
    how.add_argument("--no-huge", action="store_true", help="use no huge pages")
    how.add_argument("--router", metavar="FILE", type=Path, action="append", default=[],
                     help="one more router: a description (.toml) or an adapter (.py), as in bench/suite/peers/")


def _check(parser, o):
    for name in ("only", "routers", "instructions"):
        try:
            re.compile(getattr(o, name) or "")
        except re.error as error:
            parser.error(f"--{name}: {error}")
    try:
        o.processors = tuple(int(n) for n in o.processors.split(","))
    except ValueError:
        o.processors = ()
    if len(o.processors) != 2:
        parser.error("--processors wants two numbers: 0,1")
    for name, files in (("compare", [o.compare]), ("from", o.earlier), ("router", o.router)):
        for file in files:
            if file and not file.exists():
                parser.error(f"--{name}: there is no {file}")


def _choose(o):
    """Which parts, and how long."""
    named = [part for part, wish in zip(PARTS, (o.only, o.routers, o.instructions)) if wish is not None]
    o.parts = named or (PARTS[:2] if o.quick else PARTS)
    if o.seconds is None:
        o.seconds = QUICK_SECONDS if o.quick else SECONDS
    if o.rounds is None:
        o.rounds = QUICK_ROUNDS if o.quick else ROUNDS
    if o.minutes is None and o.quick:
        o.minutes = QUICK_MINUTES


def options(arguments=None):
    parser = argparse.ArgumentParser(prog="./dev bench", description=sys.modules["__main__"].__doc__)
    parser.add_argument("--build", type=Path, required=True, help=argparse.SUPPRESS)
    _declare_parts(parser)
    _declare_results(parser)
    _declare_measuring(parser)
    o = parser.parse_args(arguments)
    _check(parser, o)
    _choose(o)
    return o
