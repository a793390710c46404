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

    They mostly wait, but what they wait for is timed. So it has the processors only while nobody
    else wants them: one who wakes up takes his at once (SCHED_IDLE; a nice 19 would have its turns).
    """

    def __init__(self, build):
        self.name = build.name
        self.log = build / "compile.log"
        jobs = str(len(os.sched_getaffinity(0)))
        with open(self.log, "w") as log:
            self.ninja = subprocess.Popen(
                ["chrt", "--idle", "0", "ninja", "-C", str(build), "-j", jobs, "fuzzers"],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def wait(self):
        """Whether it went well; what is left of it goes by on the terminal."""
        print(f"waiting for {self.name}", flush=True)
        if self.ninja.poll() is None:  # what it begins from now on takes its turns as any other
            os.sched_setscheduler(self.ninja.pid, os.SCHED_OTHER, os.sched_param(0))
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


def command_of(target, build, root, seconds, seed):
    name = target.name.removesuffix("_fuzz")
    corpus = build / "corpus" / target.name
    corpus.mkdir(parents=True, exist_ok=True)
    command = [str(target), f"-seed={seed}", f"-max_total_time={seconds}", "-timeout=10",
               "-print_final_stats=1", f"-artifact_prefix={corpus.parent}/{target.name}-", str(corpus)]
    seeds, words = root / SOURCE / "corpus" / name, root / SOURCE / f"{name}.dict"
    if seeds.is_dir():
        command.append(str(seeds))
    if words.exists():
        command.append(f"-dict={words}")
    return command


def run_fuzzers(build, root, seconds, seed, wanted, total, scratch):
    """All draw from that seed; from a new one each time where it is 0."""
    limit = seconds + 60

    def run_target(target):
        started = time.monotonic()
        output, code = run(command_of(target, build, root, seconds, seed), limit, cwd=scratch)
        executed = re.search(r"number_of_executed_units: (\d+)", output)
        total.add(target.name, int(code == 0), [] if code == 0 else [ending(code, limit)],
                  time.monotonic() - started, output=output,
                  notes=[f"{int(executed[1]):,} executions"] if executed else [])

    in_streams([lambda target=target: run_target(target)
                for target in sorted((build / SOURCE).glob("*_fuzz")) if wanted in target.name])
