# SPDX-License-Identifier: BSD-3-Clause
"""Huge pages for what is measured: reserved while it runs, and mounted where nobody else sees them."""
import contextlib
import ctypes
import pathlib
import subprocess
import tempfile

import machine

NUMBER = pathlib.Path("/proc/sys/vm/nr_hugepages")
CLONE_NEWNS = 0x20000  # sched.h

# What they hold, as the report has it.
NONE, PACKETS, ALL = "none", "packets", "packets and the router's memories"


def _number():
    return int(NUMBER.read_text())


@contextlib.contextmanager
def _reserved(mib):
    """True where the machine gives them. They are given back afterwards, and no others: who else took some
    meanwhile keeps them."""
    free, kib = machine.huge_pages()
    wanted = -(-mib * 1024 // kib) if kib else 0
    before, taken = _number(), max(0, wanted - free)
    try:
        if taken > 0:
            NUMBER.write_text(str(before + taken))
            taken = _number() - before
        yield 0 < wanted <= machine.huge_pages()[0]
    finally:
        if taken > 0:
            NUMBER.write_text(str(max(0, _number() - taken)))


def _works(*command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def _mounted():
    """True where the router will find hugetlbfs, for its own memories: in a mount namespace that this process moves
    to and stays in, with all that it starts. The host's mounts stay as they are."""
    if ctypes.CDLL(None).unshare(CLONE_NEWNS) != 0:
        yield False
        return
    with tempfile.TemporaryDirectory(prefix="sluice-huge-") as directory:
        is_mounted = _works("mount", "--make-rprivate", "/") and \
            _works("mount", "-t", "hugetlbfs", "-o", "pagesize=2M", "sluice", directory)
        try:
            yield is_mounted
        finally:
            if is_mounted:
                _works("umount", "--lazy", directory)


@contextlib.contextmanager
def taken(mib):
    """What lies on huge pages meanwhile."""
    with _reserved(mib) as reserved:
        if not reserved:
            yield NONE
            return
        with _mounted() as mounted:
            yield ALL if mounted else PACKETS
