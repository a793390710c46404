# SPDX-License-Identifier: BSD-3-Clause
"""Multicast between two sites over a GRE tunnel: hosts join by their own kernel's IGMP.

    client ─ left WEST ══ GRE ══ EAST right ─ server

What lies between the routers carries unicast alone.
"""
import re
import socket
import subprocess
import time

import pytest

from dissect import WRONG, Capture, tshark
from lab import inside, wait_until
from two_routers import CLIENT, EAST, SERVER, WEST, by_cable, two_routers
from wire import Witness

GROUP, PORT = "239.1.2.3", 5000
IP_RECVTTL = 12  # which Python does not name
QUICK = {"query_interval_s": 3, "response_s": 1}


def sites(lab, west=None, east=None, **more):
    """`west`, `east`: what each says of its tunnel "over"."""
    def side(port, local, remote, address, elsewhere, tunnel):
        return {"tunnels": {"over": {"type": "gre", "local": local, "remote": remote,
                                     "addresses": [address]}},
                "routes": [{"prefix": elsewhere, "interface": "over"}],
                "multicast": {"interfaces": {port: {}, "over": tunnel or {}}, **more}}
    return two_routers(lab, by_cable,
                       west=side("left", WEST, EAST, "172.31.0.1/30", "10.2.0.0/24", west),
                       east=side("right", EAST, WEST, "172.31.0.2/30", "10.1.0.0/24", east))


class Member:
    """A socket that has joined a group on a host."""

    def __init__(self, host, address, group=GROUP):
        with inside(host.namespace):
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
        self.socket.bind((group, PORT))
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                               socket.inet_aton(group) + socket.inet_aton(address))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave()

    def leave(self):
        self.socket.close()

    def hears(self, silence=0.5):
        """(payload, time to live) of all that comes until so many seconds bring none."""
        heard = []
        self.socket.settimeout(max(silence, 5))  # for the first
        while True:
            try:
                payload, more, _, _ = self.socket.recvmsg(2000, 64)
            except socket.timeout:
                return heard
            self.socket.settimeout(silence)
            heard.append((payload, int.from_bytes(more[0][2], "little")))


def send(host, address, payloads, group=GROUP, ttl=8):
    with inside(host.namespace):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        for payload in payloads:
            sender.sendto(payload, (group, PORT))
            time.sleep(0.002)


def groups(router):
    return {g["group"]: g for g in router.show("multicast")["groups"]}


def members(router, group=GROUP):
    return {m["interface"]: m for m in groups(router).get(group, {"members": []})["members"]}


def joined(router, interface, group=GROUP, timeout=20):
    return wait_until(lambda: members(router, group).get(interface), f"{interface} has joined",
                      timeout, 0.05)


def gone(router, interface, group=GROUP, timeout=20):
    wait_until(lambda: interface not in members(router, group), f"{interface} has left", timeout,
               0.05)


PAYLOADS = [b"%d" % n for n in range(50)]


@pytest.mark.parametrize("version", (2, 3))
def test_hosts_of_one_site_hear_what_is_sent_on_the_other(lab, version):
    net = sites(lab)
    for host in (net.client, net.server):
        host.sysctl("net.ipv4.conf.eth.force_igmp_version", version)
    outside = Witness(net.west.host, "between", "ip multicast")
    with Member(net.server, SERVER) as member:
        shown = joined(net.east, "right")
        assert (shown["reporter"], shown["igmp_version"]) == (SERVER, version)
        assert 200 < shown["expires_s"] <= 260
        send(net.client, CLIENT, PAYLOADS)
        assert member.hears() == [(payload, 6) for payload in PAYLOADS], "each once, two hops on"
        assert groups(net.east)[GROUP]["packets"] == len(PAYLOADS)
        assert groups(net.east)[GROUP]["copies_to"] == ["over", "right"]
        with Member(net.client, CLIENT) as back:
            joined(net.west, "left")
            send(net.server, SERVER, PAYLOADS)
            assert back.hears() == [(payload, 6) for payload in PAYLOADS]
    for router, port in ((net.east, "right"), (net.west, "left")):
        gone(router, port)
    before = net.east.drops().get("multicast_unwanted", 0)
    send(net.client, CLIENT, PAYLOADS)
    wait_until(lambda: net.east.drops().get("multicast_unwanted", 0) == before + len(PAYLOADS),
               "nobody wants them any more")
    assert outside.lines() == [], "nothing goes between the routers but in the tunnel"


def test_a_tunnel_carries_what_the_other_end_has_joined(lab):
    net = sites(lab, west={"copies": "members"})
    net.west.wait_ready()
    send(net.client, CLIENT, PAYLOADS)
    wait_until(lambda: net.west.drops().get("multicast_unwanted", 0) == len(PAYLOADS),
               "nobody has joined")
    with Member(net.server, SERVER) as member:
        assert joined(net.west, "over")["igmp_version"] == 3
        send(net.client, CLIENT, PAYLOADS)
        assert [payload for payload, _ in member.hears()] == PAYLOADS
    gone(net.west, "over")


def test_hosts_are_asked_and_answer(lab):
    net = sites(lab, **QUICK)
    with Member(net.server, SERVER) as member:
        joined(net.east, "right")
        asked = net.east.tallies()["igmp_queries_sent"]
        time.sleep(9)  # one who does not answer is believed for 7
        assert net.east.tallies()["igmp_queries_sent"] >= asked + 2
        send(net.client, CLIENT, PAYLOADS)
        assert [payload for payload, _ in member.hears()] == PAYLOADS


def test_who_had_joined_is_copied_to_after_kill_9(lab):
    net = sites(lab)
    with Member(net.server, SERVER) as member:
        joined(net.east, "right")
        for router in net.routers:
            router.kill(router.dataplane)
            router.start_dataplane()
            router.wait_ready()
        assert "right" in members(net.east), "nobody needs to say it again"
        wait_until(lambda: net.west.show("tunnel", "over")["tunnels"][0]["condition"] == "up",
                   "the tunnel is up")
        send(net.client, CLIENT, PAYLOADS)
        heard = [payload for payload, _ in member.hears()]
        assert heard == PAYLOADS


def test_what_is_said_of_multicast_is_shown(lab):
    net = sites(lab)
    with Member(net.server, SERVER):
        joined(net.east, "right")
        shown = net.east.cli_raw("show", "multicast").stdout
        assert re.search(rf"^{GROUP} +over right +0 +0 +right \({SERVER}, IGMPv3, \d+ s\)", shown,
                         re.M), shown
        assert re.search(r"^right +members +this router +\d of 64", shown, re.M), shown
        assert re.search(r"^over +all +- ", shown, re.M), shown
        told = net.east.cli_raw("explain", "--in", "over", "--src", CLIENT, "--dst", GROUP).stdout
        assert "a copy by right" in told and "leaves by right to 01:00:5e:01:02:03" in told, told
        assert net.east.show("multicast")["packets"] == 0, "which was only looked at"
    told = net.west.cli_raw("explain", "--in", "left", "--src", "10.2.0.9", "--dst", GROUP).stdout
    assert "multicast_wrong_way" in told, told


def test_tshark_has_no_complaint_about_what_is_sent(lab):
    net = sites(lab, west={"copies": "members"}, **QUICK)
    captures = {device: lab.directory / f"{device}.pcap" for device in ("eth", "between")}
    with Capture(net.server, "eth", captures["eth"]), \
            Capture(net.west.host, "between", captures["between"]):
        with Member(net.server, SERVER) as member:
            joined(net.west, "over")
            send(net.client, CLIENT, PAYLOADS)
            member.hears()
        gone(net.west, "over")
        time.sleep(3)
    for device, capture in captures.items():
        # The sender's port is any, and some are a protocol's.
        assert tshark(capture, "-d", "udp.port==32768-60999,data", "-Y", WRONG) == []
        types = set(tshark(capture, "-Y", "igmp", "-T", "fields", "-e", "igmp.type"))
        wanted = {"0x11"} if device == "eth" else {"0x22"}
        assert wanted <= {word.strip() for line in types for word in line.split(",")}, types
