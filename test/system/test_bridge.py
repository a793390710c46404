# SPDX-License-Identifier: BSD-3-Clause
"""Two sites in one network: the frames of a port on either side, whole in a GRE tunnel between."""
import json
import subprocess
import time

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, GRE, Dot1Q, Ether
from scapy.packet import Raw

from dissect import WRONG, Capture, tshark
from lab import all_came, wait_until
from router import Router, af_packet
from test_kernel_oracle import HOST_MAC, ROUTER_IP, ROUTER_MAC, cables
from two_routers import EAST, WEST, by_cable, two_routers
from wire import Stream, Wire, Witness

CLIENT, SERVER = "10.7.0.2", "10.7.0.3"
CLIENT6, SERVER6 = "fd07::2", "fd07::3"
FORMS = {"gre": {}, "gre with all it has": {"key": 7, "checksum": True, "sequence": True,
                                            "keepalive_s": 1}}


def bridged(lab, **form):
    """The client and the server have no router: they are neighbours."""
    def side(local, remote, port):
        return {"interfaces": {port: {"device": af_packet(port)}}, "routes": [],
                "tunnels": {"cable": {"type": "gre", "local": local, "remote": remote,
                                      "bridge": port, **form}}}
    net = two_routers(lab, by_cable, west=side(WEST, EAST, "left"),
                      east=side(EAST, WEST, "right"))
    for host, address, address6 in ((net.client, CLIENT, CLIENT6), (net.server, SERVER, SERVER6)):
        host.ip("addr", "flush", "dev", "eth")
        host.sysctl("net.ipv6.conf.eth.disable_ipv6", 0)
        host.address("eth", address + "/24")
        host.ip("addr", "add", address6 + "/64", "dev", "eth", "nodad")
    wait_until(lambda: all_came(ping(net)), "the first frames cross")
    return net


def ping(net, *more, to=SERVER, count=5):
    return net.client.run("ping", "-n", "-c", count, "-i", 0.02, "-W", 1, *more, to,
                          check=False).stdout


def received_gigabits(net, to, seconds):
    net.server.spawn("iperf3", "-s", "-1", stdout=subprocess.DEVNULL)
    wait_until(lambda: ":5201" in net.server.run("ss", "-tln").stdout, "iperf3 listens")
    out = net.client.run("iperf3", "-c", to, "-t", seconds, "-J", timeout=60).stdout
    return json.loads(out)["end"]["sum_received"]["bits_per_second"] / 1e9


@pytest.mark.parametrize("form", FORMS)
def test_hosts_of_two_sites_are_neighbours(lab, form, figure):
    net = bridged(lab, dont_fragment="clear", **FORMS[form])
    neighbours = net.client.ip("neigh", "show", "dev", "eth").stdout
    assert f"{SERVER} lladdr {net.server.mac('eth')}" in neighbours, "ARP crosses"
    said = ping(net)
    assert all_came(said) and "ttl=64" in said, "no router is on the way"
    assert all_came(ping(net, "-6", to=SERVER6)), "IPv6 is frames, too"
    assert net.server.mac("eth") in net.client.ip("-6", "neigh", "show", "dev", "eth").stdout
    assert all_came(ping(net, "-s", 1472, "-M", "do")), "full size, in fragments between the routers"
    assert all_came(ping(net, "-6", "-s", 1452, to=SERVER6))
    for to in (SERVER, SERVER6):
        rate = received_gigabits(net, to, 2)
        figure(f"iperf3 over a bridge of {form} to {to}, Gbit/s", f"{rate:.2f}")
        assert rate > 0.02
    assert [router.drops().get("bridge_too_big", 0) for router in net.routers] == [0, 0]
    for router, port in ((net.west, "left"), (net.east, "right")):
        assert router.interface(port)["bridged_with"] == "cable"
        assert router.show("tunnel", "cable")["tunnels"][0]["bridge"] == port


def test_hosts_that_take_the_tunnels_mtu_need_no_fragments(lab):
    net = bridged(lab)
    mtu = net.west.show("tunnel", "cable")["tunnels"][0]["mtu"]
    assert mtu == 1500 - 24 - 14
    assert ping(net, "-s", mtu - 27, "-M", "do", count=1).count("100% packet loss") == 1
    assert net.west.drops()["bridge_too_big"] == 1, "larger than the tunnel's, and nobody can be told"
    for host in (net.client, net.server):
        host.ip("link", "set", "eth", "mtu", mtu)
    assert all_came(ping(net, "-s", mtu - 28, "-M", "do"))
    assert received_gigabits(net, SERVER, 1) > 0.02
    assert net.west.tallies().get("packets_fragmented", 0) == 0


def test_tags_cross_with_their_frames(lab):
    net = bridged(lab)
    tagged = (Ether(src="02:00:00:00:77:01", dst="02:00:00:00:77:02") / Dot1Q(vlan=70, prio=5) /
              IP(src="10.70.0.2", dst="10.70.0.3") / UDP() / Raw(b"x" * 99))
    for source, target in ((net.client, net.server), (net.server, net.client)):
        witness = Witness(target, "eth", "vlan 70 and udp")
        with Wire(source, "eth") as wire:
            for _ in range(3):
                wire.send(tagged)
        time.sleep(0.5)
        lines = witness.lines()
        assert len(lines) == 3 and all("10.70.0.2" in line for line in lines), lines


def test_a_bridge_is_back_when_its_dataplane_is(lab, figure):
    net = bridged(lab)
    with Stream(net.client, net.server, SERVER) as stream:
        net.east.kill(net.east.dataplane)
        net.east.start_dataplane()
        net.east.wait_ready()
        time.sleep(0.5)
    assert stream.loss.whole_at_the_end > 0.2 * stream.rate, stream.loss
    figure("frames over a bridge gone after kill -9 of a dataplane, ms",
           f"{stream.loss.longest_silence_ms:.0f}")
    assert all_came(ping(net))


def test_a_port_can_be_bridged_and_routed_again_while_the_router_runs(lab):
    net = bridged(lab)
    routed = {**net.config[net.west], "tunnels": {}, "interfaces": {
        **net.config[net.west]["interfaces"],
        "left": {"device": af_packet("left"), "addresses": ["10.7.0.1/24"]}}}
    net.west.apply(routed)
    wait_until(lambda: all_came(ping(net, to="10.7.0.1")), "the router answers")
    net.west.apply(net.config[net.west])
    wait_until(lambda: all_came(ping(net)), "frames cross again")


def test_tshark_reads_the_frames_in_what_passes_between_the_routers(lab):
    net = bridged(lab, dont_fragment="clear", checksum=True)
    capture = lab.directory / "between.pcap"
    with Capture(net.west.host, "between", capture):
        net.client.ip("neigh", "flush", "all")
        assert all_came(ping(net)) and all_came(ping(net, "-6", to=SERVER6))
        assert all_came(ping(net, "-s", 1472))
    assert tshark(capture, "-Y", WRONG) == []
    outer = "eth:ethertype:ip:gre:eth:ethertype:"
    layers = tshark(capture, "-T", "fields", "-e", "frame.protocols")
    assert {outer + "arp", outer + "ip:icmp:data", outer + "ipv6:icmpv6:data"} <= set(layers)


def until(wire, is_awaited):
    """The first such frame, and those that come with it."""
    for frame in wire.frames(10):
        if is_awaited(frame):
            return [frame, *filter(is_awaited, wire.frames(0.1))]
    return []


def test_scapy_is_the_other_end(lab):
    """Frames for port "left" come from Scapy on "right", and what comes by "left" is read there."""
    host = lab.host("router")
    wires = cables(lab, "out", host)
    Router(lab, host).start({
        "dataplane": {"workers": 1},
        "interfaces": {"left": {"device": af_packet("left", 0)},
                       "right": {"device": af_packet("right", 1), "mac": ROUTER_MAC["right"],
                                 "addresses": [ROUTER_IP["right"] + "/24"]}},
        "neighbours": [{"interface": "right", "address": "10.2.0.2", "mac": HOST_MAC["right"]}],
        "tunnels": {"cable": {"type": "gre", "local": ROUTER_IP["right"], "remote": "10.2.0.2",
                              "key": 5, "bridge": "left"}}})
    gre = GRE(key_present=1, key=5, proto=0x6558)
    there, here = "02:00:00:00:77:01", "02:00:00:00:77:02"
    frames = [Ether(src=here, dst="ff:ff:ff:ff:ff:ff") / ARP(psrc="10.7.0.1", pdst="10.7.0.2"),
              Ether(src=here, dst=there) / IP(src="10.7.0.1", dst="10.7.0.2") / UDP() / Raw(b"x" * 99),
              Ether(src=here, dst="01:80:c2:00:00:00", type=0x0026) / Raw(b"y" * 38)]
    for frame in frames:
        wires["right"].drain()
        wires["left"].send(frame)
        (got,) = until(wires["right"], lambda f: GRE in Ether(f))
        outside = Ether(got)[GRE]
        assert bytes(outside.payload) == bytes(frame), f"{frame!r} goes into the tunnel"
        assert (outside.key, outside.proto) == (5, 0x6558)

        wires["left"].drain()
        wires["right"].send(Ether(src=HOST_MAC["right"], dst=ROUTER_MAC["right"]) /
                            IP(src="10.2.0.2", dst=ROUTER_IP["right"]) / gre / frame)
        assert until(wires["left"], lambda f: f == bytes(frame)), f"{frame!r} comes out of it"
