# SPDX-License-Identifier: BSD-3-Clause
"""Where the two processors are: near to each other or far, before and after each run."""
import subprocess

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
