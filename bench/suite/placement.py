# SPDX-License-Identifier: BSD-3-Clause
"""Where the two processors are: near to each other or far, before and after each run."""
import os
import subprocess
import time

NEAR_BELOW, FAR_FROM = 150, 250  # cycles, one way


def one_way_cycles(probe, processors):
    """None where it can not be told: on one processor, or on a machine too busy."""
    if len(set(processors)) < 2 or not probe.exists():
        return None
    try:
        done = subprocess.run([probe, *map(str, processors)], capture_output=True, text=True,
                              timeout=20, check=False)
        return float(done.stdout) if done.returncode == 0 else None
    except subprocess.TimeoutExpired:
        return None


def name_of(cycles):
    if cycles is None:
        return "unknown"
    return "near" if cycles < NEAR_BELOW else "far" if cycles >= FAR_FROM else "between"


def placement(before, after):
    """The placement of a run; one during which the processors moved is like no other."""
    names = {name_of(before), name_of(after)}
    return names.pop() if len(names) == 1 else "moved"


def _answer(read, write):
    while os.read(read, 1):
        os.write(write, b"x")


def _wake_each_other(processors, seconds):
    """A byte goes to the other processor and back by pipes."""
    there, back = os.pipe(), os.pipe()
    child = os.fork()
    os.sched_setaffinity(0, {processors[1 if child == 0 else 0]})
    if child == 0:
        os.close(there[1])
        _answer(there[0], back[1])
        os._exit(0)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        os.write(there[1], b"x")
        os.read(back[0], 1)
    for end_of_pipe in (*there, *back):
        os.close(end_of_pipe)
    os.waitpid(child, 0)


def bring_near(probe, processors, tries=2, seconds=0.5):
    """Cycles of the last look. A host often brings together what wakes each other, so what is far is made to do that."""
    cycles = one_way_cycles(probe, processors)
    before = os.sched_getaffinity(0)
    for _ in range(tries):
        if name_of(cycles) in ("near", "unknown"):
            break
        _wake_each_other(processors, seconds)
        os.sched_setaffinity(0, before)
        cycles = one_way_cycles(probe, processors)
    return cycles
