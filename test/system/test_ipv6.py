# SPDX-License-Identifier: BSD-3-Clause
"""IPv6 between two sites across a network of IPv4: the hosts are Linux, and so is what they know of
each other's routers.

    client 2001:db8:1::/64 ─ left WEST ══ tunnel over IPv4 ══ EAST right ─ 2001:db8:2::/64 server

The client has its address and default route from the router's advertisements, the server from hand.
"""
import json
import re
import subprocess
import time

import pytest

from lab import all_came, wait_until
from router import af_packet
from two_routers import EAST, WEST, by_cable, two_routers
from wire import Witness

LEFT, RIGHT = "2001:db8:1::1", "2001:db8:2::1"
SERVER6 = "2001:db8:2::2"
OVERHEAD = {"gre": 24, "ipip": 20, "gre in udp": 32}
FORMS = {"gre": {"type": "gre"}, "ipip": {"type": "ipip"},
         "gre in udp": {"type": "gre", "udp_port": 4754}}


def side(port, ipv4, ipv6, local, remote, address, elsewhere, form, **more):
    return {"interfaces": {port: {"device": af_packet(port), "addresses": [ipv4, f"{ipv6}/64"],
                                  **more}},
            "tunnels": {"over": {**FORMS[form], "local": local, "remote": remote,
                                 "addresses": [address]}},
            "routes": [{"prefix": elsewhere, "interface": "over"}]}


def with_ipv6(host):
    for name in ("all", "default", "eth"):
        host.sysctl(f"net.ipv6.conf.{name}.disable_ipv6", 0)
    host.sysctl("net.ipv6.conf.eth.accept_ra", 2)
    host.sysctl("net.ipv6.conf.eth.router_solicitation_interval", 1)


def client_address(net):
    said = net.client.ip("-6", "addr", "show", "dev", "eth", "scope", "global", "-tentative").stdout
    found = re.search(r"inet6 (2001:db8:1:\S+)/64", said)
    return found and found.group(1)


def joined(lab, form):
    net = two_routers(
        lab, by_cable,
        west=side("left", "10.1.0.1/24", LEFT, WEST, EAST, "2001:db8:aa::1/64", "2001:db8:2::/48",
                  form, router_advertisements=True),
        east=side("right", "10.2.0.1/24", RIGHT, EAST, WEST, "2001:db8:aa::2/64", "2001:db8:1::/48",
                  form))
    for host in (net.client, net.server):
        with_ipv6(host)
    net.server.ip("-6", "addr", "add", f"{SERVER6}/64", "dev", "eth", "nodad")
    net.server.ip("-6", "route", "add", "default", "via", RIGHT, "dev", "eth")
    wait_until(lambda: client_address(net), "the client has an address by the advertisement", 20)
    wait_until(lambda: pings(net), "the first packets cross")
    return net


def ping(net, *more, to=SERVER6, count=5):
    return net.client.run("ping", "-6", "-n", "-c", count, "-i", 0.02, "-W", 1, *more, to,
                          check=False).stdout


def pings(net, *more, **which):
    return all_came(ping(net, *more, **which))


@pytest.mark.parametrize("form", OVERHEAD)
def test_hosts_meet_across_an_ipv4_network(lab, form, figure):
    net = joined(lab, form)
    mtu = 1500 - OVERHEAD[form]
    outside = Witness(net.west.host, "between", "ip6")
    assert pings(net, count=20)
    assert outside.lines() == [], "no IPv6 goes between the routers but in the tunnel"

    hops = net.client.run("traceroute", "-6", "-n", "-q", 1, "-w", 2, SERVER6).stdout.splitlines()
    assert [hop.split()[1] for hop in hops[1:]] == [LEFT, "2001:db8:aa::2", SERVER6]
    assert f"pmtu {mtu}" in net.client.run("tracepath", "-6", "-n", "-m", 4, SERVER6).stdout
    assert pings(net, "-s", mtu - 48, "-M", "do"), "what fits"
    # In fragments that the hosts make themselves, once the server has heard what fits, too.
    wait_until(lambda: pings(net, "-s", 3000), "packets that are too large cross in fragments")

    net.server.spawn("iperf3", "-s", "-1", stdout=subprocess.DEVNULL)
    wait_until(lambda: ":5201" in net.server.run("ss", "-tln").stdout, "iperf3 listens")
    out = net.client.run("iperf3", "-6", "-c", SERVER6, "-t", 2, "-J", timeout=60).stdout
    rate = json.loads(out)["end"]["sum_received"]["bits_per_second"] / 1e9
    figure(f"iperf3 of IPv6 through {form} between two routers, Gbit/s", f"{rate:.2f}")
    assert rate > 0.02


def test_the_kernel_finds_the_router_and_the_router_the_kernel(lab):
    net = joined(lab, "gre")
    address = client_address(net)
    assert re.search(r"default via fe80::\S+ .*proto ra",
                     net.client.ip("-6", "route").stdout)
    for own in (LEFT, "2001:db8:aa::1", "2001:db8:1::", "ff02::2%eth"):
        assert ping(net, to=own, count=1).find(" 1 received") >= 0, own
    known = net.west.neighbours()[("left", address)]
    assert known["condition"] == "reachable" and known["mac"] == net.client.mac("eth")
    kernel = net.client.ip("-6", "neigh", "show", "dev", "eth").stdout
    mac = net.west.interface("left")["got"]["mac"]
    assert re.search(rf"{LEFT} .*lladdr {mac} router (REACHABLE|DELAY|PROBE|STALE)", kernel)

    assert f"{LEFT}/64" in net.west.interface("left")["asked"]["addresses"]
    found = net.west.route(SERVER6)
    assert (found["prefix"], found["next_hop"]["way"]) == ("2001:db8:2::/48", "dev over")
    assert net.west.route(address)["next_hop"]["neighbour"]["condition"] == "reachable"
    assert net.west.route("2001:db8:77::1")["why_not"] == "no route covers it"
    assert "2001:db8:2::/48" in net.west.cli_raw("show", "route").stdout

    said = ping(net, "-W", 2, to="2001:db8:77::1", count=1)
    assert "No route" in said or "unreachable" in said.lower(), said
    # Nobody there: two more solicitations, and then the source is told.
    said = ping(net, "-W", 5, to="2001:db8:2::99", count=1)
    assert "Address unreachable" in said, said
    assert net.east.drops()["neighbour_failed"] >= 1


def test_ipv6_survives_kill_9_of_the_dataplane(lab, figure):
    net = joined(lab, "gre")
    address = client_address(net)
    net.west.kill(net.west.dataplane)
    began = time.monotonic()
    net.west.start_dataplane()
    wait_until(lambda: pings(net, count=1), "packets cross again", 15)
    figure("IPv6 through a tunnel gone after kill -9 of the dataplane, s",
           f"{time.monotonic() - began:.1f}")
    assert net.west.neighbours()[("left", address)]["mac"] == net.client.mac("eth")
    net.west.kill(net.west.control)
    assert pings(net), "control is not in a packet's way"
    net.west.start_control()
    net.west.wait_ready()
    assert pings(net)


def test_ipv6_comes_and_goes_with_the_configuration(lab):
    net = joined(lab, "gre")
    config = json.loads(json.dumps(net.config[net.west]))
    config["interfaces"]["left"] = {"device": af_packet("left"), "addresses": ["10.1.0.1/24"]}
    config["routes"], config["tunnels"] = [], {}
    net.west.apply(config)
    assert not pings(net, count=1)
    assert net.west.drops()["ipv6_not_routed"] >= 1
    net.west.apply(net.config[net.west])
    wait_until(lambda: pings(net, count=1), "packets cross again")
