# SPDX-License-Identifier: BSD-3-Clause
"""The fuzz targets of a clang build: compiled beside other tests, and each run for some seconds."""
import os
import re
import subprocess
import time

from .process import ending, in_streams, run
from .total import show

SOURCE = "test/fuzz"


class FuzzBuild:
    """Compiles the fuzz targets while other tests run.

    The system tests mostly wait, but what they wait for is timed: so half of the processors, and
    those only while nobody else wants them. Who waits for it gives it all of them.
    """

    def __init__(self, build):
        self.build = build
        self.log = build / "compile.log"
        self._start(["nice", "-n", "19"], max(1, len(os.sched_getaffinity(0)) // 2))

    def _start(self, manner, jobs):
        with open(self.log, "w") as log:
            self.ninja = subprocess.Popen(
                [*manner, "ninja", "-C", str(self.build), "-j", str(jobs), "fuzzers"],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def wait(self):
        """Whether it went well; what is left of it goes by on the terminal."""
        if self.ninja.poll() is None:
            self.stop()
            self._start([], len(os.sched_getaffinity(0)))
        print(f"waiting for {self.build.name}", flush=True)
        while True:
            try:
                code = self.ninja.wait(5)
                break
            except subprocess.TimeoutExpired:
                show(self.log.read_text(), 1)
        if code != 0:
            show(self.log.read_text())
        return code == 0

    def stop(self):
        if self.ninja.poll() is None:
            self.ninja.terminate()
            self.ninja.wait()


def command_of(target, build, root, seconds):
    name = target.name.removesuffix("_fuzz")
    corpus = build / "corpus" / target.name
    corpus.mkdir(parents=True, exist_ok=True)
    command = [str(target), f"-max_total_time={seconds}", "-timeout=10", "-print_final_stats=1",
               f"-artifact_prefix={corpus.parent}/{target.name}-", str(corpus)]
    seeds, words = root / SOURCE / "corpus" / name, root / SOURCE / f"{name}.dict"
    if seeds.is_dir():
        command.append(str(seeds))
    if words.exists():
        command.append(f"-dict={words}")
    return command


def run_fuzzers(build, root, seconds, wanted, total, scratch):
    limit = seconds + 60

    def run_target(target):
        started = time.monotonic()
        output, code = run(command_of(target, build, root, seconds), limit, cwd=scratch)
        executed = re.search(r"number_of_executed_units: (\d+)", output)
        total.add(target.name, int(code == 0), [] if code == 0 else [ending(code, limit)],
                  time.monotonic() - started, output=output,
                  notes=[f"{int(executed[1]):,} executions"] if executed else [])

    in_streams([lambda target=target: run_target(target)
                for target in sorted((build / SOURCE).glob("*_fuzz")) if wanted in target.name])
