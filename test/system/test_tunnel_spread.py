# SPDX-License-Identifier: BSD-3-Clause
"""One tunnel's packets over several workers: a device with one queue gives them all to one."""
import os
import time

import pytest

from lab import wait_until
from test_tunnels import EAST, IPIP, PLAIN, SERVER, WEST, all_came, one_end, ping
from two_routers import by_cable, two_routers
from wire import Stream

WORKERS, FLOWS = 3, 30


def joined(lab, form, east=None):
    """Routers joined by a tunnel; the eastern one has several workers on one core."""
    core = min(os.sched_getaffinity(0))
    return two_routers(
        lab, by_cable,
        west={"tunnels": {"over": one_end(WEST, EAST, "172.31.0.1/30", form)},
              "routes": [{"prefix": "10.2.0.0/24", "interface": "over"}]},
        east={"dataplane": {"workers": WORKERS, "cores": [core], "buffers": 8192},
              "tunnels": {"over": one_end(EAST, WEST, "172.31.0.2/30", form)},
              "routes": [{"prefix": "10.1.0.0/24", "interface": "over"}], **(east or {})})


def stages(router, name):
    """Packets that a stage had, by worker."""
    return [next(s["packets"] for s in w["stages"] if s["stage"] == name)
            for w in router.show("cycles")["workers"]]


@pytest.mark.parametrize("form", [PLAIN, IPIP], ids=["gre", "ipip"])
def test_all_workers_open_one_tunnels_packets_and_none_is_lost_or_overtaken(lab, form, figure):
    net = joined(lab, form)
    wait_until(lambda: all_came(ping(net)), "the first packets cross")
    before = stages(net.east, "tunnel")
    with Stream(net.client, net.server, SERVER, rate=3000, source_ports=FLOWS) as stream:
        time.sleep(3)
    opened = [now - then for now, then in zip(stages(net.east, "tunnel"), before)]
    figure("packets of one tunnel opened, by worker", opened)
    assert stream.loss.lost == 0, stream.loss
    assert stream.loss.overtaken == 0, stream.loss
    assert stream.loss.duplicates == 0, stream.loss
    assert min(opened) > stream.loss.sent / WORKERS / 3, "each has a fair share of 30 flows"
    assert "handover_full" not in net.east.drops()


def test_without_spreading_one_worker_opens_them_all(lab):
    net = joined(lab, {**PLAIN, "spread": "off"})
    wait_until(lambda: all_came(ping(net)), "the first packets cross")
    before = stages(net.east, "tunnel")
    with Stream(net.client, net.server, SERVER, rate=2000, source_ports=FLOWS) as stream:
        time.sleep(1)
    opened = [now - then for now, then in zip(stages(net.east, "tunnel"), before)]
    assert stream.loss.lost == 0, stream.loss
    assert sorted(opened)[:-1] == [0] * (WORKERS - 1), opened
    assert sum(stages(net.east, "handover")) == 0


def test_flows_of_one_tunnel_are_translated_by_all_workers_in_their_order(lab):
    # The tunnel's other end comes from inside; what leaves to the server is translated.
    nat = {"nat": [{"name": "out", "type": "source", "from": "10.1.0.0/24", "out": "right",
                    "to": "interface"}]}
    net = joined(lab, PLAIN, nat)
    wait_until(lambda: all_came(ping(net)), "the first packets cross")
    with Stream(net.client, net.server, SERVER, rate=2000, source_ports=FLOWS) as stream:
        time.sleep(2)
    assert stream.loss.lost == 0, stream.loss
    assert stream.loss.overtaken == 0, stream.loss
    assert all(packets > 0 for packets in stages(net.east, "nat"))


def test_the_number_of_workers_changes_under_a_tunnels_traffic(lab, figure):
    net = joined(lab, PLAIN)
    wait_until(lambda: all_came(ping(net)), "the first packets cross")
    config = net.config[net.east]
    with Stream(net.client, net.server, SERVER, source_ports=FLOWS) as stream:
        for workers in (4, 1, 2):
            net.east.apply({**config, "dataplane": {**config["dataplane"], "workers": workers}})
            assert len(net.east.show("workers")["workers"]) == workers
    figure("tunnel's traffic gone when the workers change, ms", f"{stream.loss.longest_silence_ms:.0f}")
    assert stream.loss.longest_silence_ms < 1000
    assert stream.loss.duplicates == 0


def test_a_killed_dataplane_spreads_again_when_it_is_back(lab):
    net = joined(lab, PLAIN)
    wait_until(lambda: all_came(ping(net)), "the first packets cross")
    with Stream(net.client, net.server, SERVER, source_ports=FLOWS):
        net.east.kill(net.east.dataplane)
        net.east.start_dataplane()
        net.east.wait_ready()
        time.sleep(0.5)
    wait_until(lambda: all_came(ping(net)), "packets cross again")
    before = stages(net.east, "tunnel")
    with Stream(net.client, net.server, SERVER, rate=2000, source_ports=FLOWS) as stream:
        time.sleep(1)
    opened = [now - then for now, then in zip(stages(net.east, "tunnel"), before)]
    assert stream.loss.lost == 0, stream.loss
    assert min(opened) > 0, opened
