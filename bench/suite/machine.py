# SPDX-License-Identifier: BSD-3-Clause
"""The machine that is measured on, and the versions of what is measured."""
import os
import pathlib
import platform
import re
import subprocess
import time


def _field(file, name):
    found = re.search(rf"^{name}\s*:\s*(.*)$", pathlib.Path(file).read_text(), re.M)
    return found[1] if found else ""


def commit(root):
    done = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty"], capture_output=True,
                          text=True, check=False)
    return done.stdout.strip()


def machine():
    return {"processor": _field("/proc/cpuinfo", "model name"),
            "processors": sorted(os.sched_getaffinity(0)),
            "memory": _field("/proc/meminfo", "MemTotal"),
            "huge_pages_free": int(_field("/proc/meminfo", "HugePages_Free") or 0),
            "huge_page_size": _field("/proc/meminfo", "Hugepagesize"),
            "kernel": platform.release(), "load": os.getloadavg()[0],
            "date": time.strftime("%Y-%m-%d %H:%M:%S %Z")}


def huge_pages():
    """(free, size in KiB)"""
    return (int(_field("/proc/meminfo", "HugePages_Free") or 0),
            int((_field("/proc/meminfo", "Hugepagesize") or "0").split()[0]))
