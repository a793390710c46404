# SPDX-License-Identifier: BSD-3-Clause
"""Each lab under config/labs, with --check. One at a time: they share the machine's huge pages."""
import re
import time

from .process import ending, run

LIMIT_S = 120


def run_labs(build, root, wanted, total):
    for script in sorted((root / "config/labs").glob("*/lab.sh")):
        name = f"lab {script.parent.name}"
        if wanted not in name:
            continue
        started = time.monotonic()
        output, code = run([str(script), "--build", str(build), "--check"], LIMIT_S, cwd=root)
        ok = len(re.findall(r"^ok\b", output, re.MULTILINE))
        failures = re.findall(r"^FAILED\s+(.*)", output, re.MULTILINE)
        if code != 0 and not failures:
            failures = [ending(code, LIMIT_S)]
        total.add(name, ok, failures, time.monotonic() - started, output=output)
