# SPDX-License-Identifier: BSD-3-Clause
"""Who holds most, of a million sessions."""
import mmap
import struct
import subprocess
import time

import pytest

from conftest import two_hosts
from router import CLI

SESSIONS = 1 << 20
SUBSCRIBERS, DESTINATIONS = 20000, 50000
SESSIONS_AT, HEADER, SIZE, LIVE = 144, 64, 64, 1 << 8 | 2
KEYS = struct.Struct("!" + "IIHHBBH" * 2)
REST = struct.pack("<HHIIHHQII", 0, 0, 0xffffffff, 100, 1, 0, LIVE, 100, 0)


def number(subscriber):
    return (100 << 24 | 64 << 16) + subscriber


def fill(path):
    """As the dataplane lays them out (lib/flow/session.h): sessions whose numbers are known.

    Each subscriber has as many as the others, but for the first, who has 3000 more on 1000 ports.
    """
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        offset, _ = struct.unpack_from("QQ", memory, SESSIONS_AT)
        assert struct.unpack_from("I", memory, offset)[0] == SESSIONS
        for n in range(SESSIONS):
            greedy = n < 3000
            inside = number(0 if greedy else n % SUBSCRIBERS)
            remote = (8 << 24) + (1 if greedy else n % DESTINATIONS)
            port = n % 1000 if greedy else n
            outside, external_port = (198 << 24) + (port >> 15), 1024 + (port & 0x7fff)
            at = offset + HEADER + SIZE * n
            memory[at:at + SIZE] = KEYS.pack(inside, remote, n & 0xffff, 443, 6, 0, 0,
                                             remote, outside, 443, external_port, 6, 0, 0) + REST


@pytest.fixture
def full(lab):
    """A router whose table of a million sessions is full, and whose dataplane is gone."""
    rule = {"name": "homes", "type": "source", "out": "right", "to": "198.51.100.0/28"}
    net = two_hosts(lab, nat=[rule], sessions={"max": SESSIONS})
    net.router.kill(net.router.dataplane)
    fill(net.router.run_directory / "sessions")
    return net.router


def test_who_holds_most_of_a_million_sessions_is_told_in_seconds(full, figure):
    begin = time.monotonic()
    top = full.cli("show", "nat", "top", "--limit", 3, timeout=120)
    took = time.monotonic() - begin
    figure("seconds for `sluice show nat top` at 1,048,576 sessions", round(took, 2))
    assert top["one_place_in"] == 1
    of_each = (SESSIONS - 3000) // SUBSCRIBERS
    first = top["subscribers"][0]
    assert first["address"] == "100.64.0.0" and of_each + 3000 <= first["sessions"] <= of_each + 3001
    assert first["sessions"] - first["ports"] == 2000
    assert all(s["sessions"] == s["ports"] for s in top["subscribers"][1:])
    assert top["destinations"][0]["address"] == "8.0.0.1"
    assert [s["address"] for s in full.cli("show", "nat", "top", "--by", "ports", "--limit", 1)
            ["subscribers"]] == ["100.64.0.0"]


def test_control_answers_others_while_someone_counts(full, figure):
    counting = full.host.spawn(CLI, "--run-dir", full.run_directory, "show", "nat", "top",
                               stdout=subprocess.DEVNULL)
    slowest = 0.0
    while counting.poll() is None:
        begin = time.monotonic()
        full.show("status")
        slowest = max(slowest, time.monotonic() - begin)
    figure("slowest `sluice show status` meanwhile, in seconds", round(slowest, 2))
    assert counting.returncode == 0 and slowest < 2
