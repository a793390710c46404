# SPDX-License-Identifier: BSD-3-Clause
"""Two routers joined by memory instead of a wire: memif, and vhost with virtio behind it."""
import json
import subprocess
import time

import pytest

from lab import all_came, wait_until
from two_routers import SERVER, by_cable, by_memif, by_vhost, two_routers
from wire import LONGEST_GAP_MS, Stream


def pings(net, *more):
    out = net.client.run("ping", "-c", 10, "-i", 0.02, "-W", 1, *more, SERVER, check=False).stdout
    return all_came(out)


def gigabits(net):
    """One second of TCP from the client to the server."""
    net.server.spawn("iperf3", "-s", "-1", stdout=subprocess.DEVNULL)
    wait_until(lambda: ":5201" in net.server.run("ss", "-tln").stdout, "iperf3 listens")
    out = net.client.run("iperf3", "-c", SERVER, "-t", 1, "-J", timeout=60).stdout
    return json.loads(out)["end"]["sum_received"]["bits_per_second"] / 1e9


@pytest.mark.parametrize("join", [by_cable, by_memif, by_vhost])
def test_hosts_meet_across_both_routers(lab, join, figure):
    net = two_routers(lab, join)
    wait_until(lambda: pings(net), "the first packets cross")
    assert pings(net, "-s", 1472)
    hops = net.client.run("traceroute", "-n", "-q", 1, "-w", 2, SERVER).stdout.splitlines()[1:]
    assert [hop.split()[1] for hop in hops] == ["10.1.0.1", "10.9.0.2", SERVER]
    rate = gigabits(net)
    figure(f"iperf3 across two routers joined {join.__name__}, Gbit/s", f"{rate:.2f}")
    assert rate > 0.02
    with Stream(net.client, net.server, SERVER) as stream:
        time.sleep(1)
    assert stream.loss.lost == 0, stream.loss


@pytest.mark.parametrize("side", ["west", "east"])
@pytest.mark.parametrize("join", [by_memif, by_vhost])
def test_either_dataplane_comes_back_after_kill_9(lab, join, side, figure):
    net = two_routers(lab, join)
    router = getattr(net, side)
    wait_until(lambda: pings(net), "the first packets cross")
    with Stream(net.client, net.server, SERVER) as stream:
        router.kill(router.dataplane)
        router.start_dataplane()
        for each in net.routers:
            each.wait_ready()
        wait_until(lambda: pings(net), "packets cross again")
        time.sleep(0.3)
    assert [each.dataplane.poll() for each in net.routers] == [None, None]
    figure(f"traffic gone after kill -9 of the {side} dataplane, joined {join.__name__}, ms",
           f"{stream.loss.longest_silence_ms:.0f}")
    assert stream.loss.longest_silence_ms < LONGEST_GAP_MS
