# SPDX-License-Identifier: BSD-3-Clause
"""Instructions that the pipeline executes for a packet, counted by callgrind.

They say less than cycles (nothing of misses), but are the same on a busy machine and on a quiet one. Valgrind
knows no AVX-512, so what is counted is the code for AVX2.
"""
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import in_process
from progress import Clock, minutes, say

BURST = 64
COUNTED = "sluice::bench::BenchRouter::run(unsigned int)*"  # bench/pipeline/bench_router.cpp
BURSTS = 200
SECONDS_EACH = 6

# One of each kind of work: more would say the same of other tables.
NAMES = tuple(f"pipeline/{name}" for name in (
    "forward/routes:1", "forward/routes:full", "nat/sessions:1024", "nat/sessions:65536",
    "nat/new/sessions:65536", "plain/options", "tunnels_beside", "gre_encap/tunnels:1", "gre_encap/tunnels:1000",
    "gre_decap/tunnels:1", "gre_decap/tunnels:1000", "ipip_encap/tunnels:1", "ipip_decap/tunnels:1"))


def misses():
    return None if shutil.which("valgrind") else "valgrind is not installed"


def counted(callgrind):
    """Of callgrind's output file."""
    return int(re.search(r"^(?:totals|summary): (\d+)", callgrind, re.M)[1])


def per_packet(program, name):
    """None where it failed."""
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "out"
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", f"--toggle-collect={COUNTED}",
             *program, f"--bursts={BURSTS}", f"--benchmark_filter=^{re.escape(name)}(/iterations:.*)?$"],
            capture_output=True, text=True, check=False)
        if done.returncode != 0 or not out.exists():
            return None
        return round(counted(out.read_text()) / (BURSTS * BURST), 1) or None


def count(build, only):
    """({name: instructions}, what failed)"""
    (program,) = [command for name, command in in_process.benchmarks_of(build) if name == "pipeline"]
    names = [name for name in NAMES if re.search(only, name)]
    clock = Clock(len(names), SECONDS_EACH)
    say(f"counting instructions of {len(names)} benchmarks, about {minutes(clock.rest())}")
    found = {}
    for name in names:
        found[name] = per_packet(program, name)
        clock.tick()
        say(f"{name}: {found[name]} instructions a packet, {minutes(clock.rest())} left")
    failed = [f"callgrind could not count {name}" for name, value in found.items() if value is None]
    return {name: value for name, value in found.items() if value is not None}, failed


def table(counts):
    return ("benchmark", "instructions/packet"), [(name, f"{n:,.1f}") for name, n in counts.items()]
