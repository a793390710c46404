# SPDX-License-Identifier: BSD-3-Clause
"""What others can use up must not be what the router lives on."""
import ipaddress
import threading
import time

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

from lab import all_came, wait_until
from router import Router, ports
from wire import Pace, Stream, Wire, set_header


def pings(host, address, count=20):
    out = host.run("ping", "-c", count, "-i", 0.02, "-W", 1, address, check=False).stdout
    return all_came(out)


@pytest.fixture
def wide(lab):
    """A connected /16 of which one host exists."""
    client, server, middle = lab.host("client"), lab.host("server"), lab.host("router")
    lab.cable(client, "eth", middle, "left")
    lab.cable(server, "eth", middle, "right")
    client.address("eth", "10.1.0.2/24", gateway="10.1.0.1")
    server.address("eth", "10.64.0.2/16", gateway="10.64.0.1")
    router = Router(lab, middle).start({
        "dataplane": {"workers": 1, "buffers": 4096},
        "interfaces": ports(("left", "10.1.0.1/24"), ("right", "10.64.0.1/16"))})
    assert pings(client, "10.64.0.2", 3)
    return type("Wide", (), {"client": client, "server": server, "router": router, "lab": lab})


IDENTIFICATION_AT, TARGET_AT = 18, 30  # in an Ethernet frame


def from_client(wide, packet):
    mac = wide.router.interface("left")["got"]["mac"]
    return bytearray(bytes(Ether(src=wide.client.mac("eth"), dst=mac) / packet))


def scan(wide, wire, count):
    """A packet to each of so many hosts that do not exist."""
    frame = from_client(wide, IP(src="10.1.0.66", dst="10.64.1.0") / UDP() / Raw(b"x" * 1000))
    first = int(ipaddress.ip_address("10.64.1.0"))
    breathe = Pace()
    for n in range(count):
        wire.send(set_header(frame, TARGET_AT, (first + n).to_bytes(4, "big")))
        breathe()


def test_a_scan_of_a_connected_network_does_not_starve_the_router(wide, figure):
    with Wire(wide.client, "eth") as wire, \
            Stream(wide.client, wide.server, "10.64.0.2", rate=1000) as stream:
        scan(wide, wire, 40_000)
        assert pings(wide.client, "10.64.0.2"), "while the scan's packets wait"
    assert stream.loss.lost == 0, stream.loss
    drops = wide.router.drops()
    assert drops.get("no_buffer", 0) == 0, drops
    assert wide.router.interface("left")["device_counters"]["rx_no_buffer"] == 0
    assert len(wide.router.neighbours()) <= 16384
    assert pings(wide.client, "10.64.0.2") and pings(wide.client, "10.1.0.1")
    begin = time.monotonic()
    wide.server.address("eth", "10.64.200.200/16")
    wait_until(lambda: pings(wide.client, "10.64.200.200", 1), "a host that is new is found", 15)
    figure("a host that is new is found after a scan, s", f"{time.monotonic() - begin:.1f}")


def test_a_host_that_appears_during_a_scan_is_found(wide):
    with Wire(wide.client, "eth") as wire:
        scan(wide, wire, 30_000)
    wide.server.address("eth", "10.64.200.200/16")
    assert pings(wide.client, "10.64.200.200", 3)


def test_the_router_asks_for_each_missing_host_at_most_once_a_second(wide):
    with Wire(wide.server, "eth") as outside, Wire(wide.client, "eth") as wire:
        begin = time.monotonic()
        for _ in range(10):
            scan(wide, wire, 1)
            time.sleep(0.1)
        asked = [f for f in outside.frames(0.2) if f[12:14] == b"\x08\x06" and f[20:22] == b"\0\1"
                 and f[38:42] == bytes([10, 64, 1, 0])]
    assert 1 <= len(asked) <= time.monotonic() - begin + 2


def test_an_arp_flood_fills_no_table_and_stops_no_traffic(wide):
    frame = from_client(wide, ARP(op=2, hwsrc="02:aa:00:00:00:00", psrc="10.1.0.0",
                                  hwdst="02:00:00:00:00:01", pdst="10.1.0.77"))
    before = len(wide.router.neighbours())
    breathe = Pace()
    with Wire(wide.client, "eth") as wire, \
            Stream(wide.client, wide.server, "10.64.0.2", rate=1000) as stream:
        for n in range(20_000):
            frame[28:32] = bytes([10, 1, n >> 8 & 255, n & 255])
            wire.send(frame)
            breathe()
    assert stream.loss.lost == 0, stream.loss
    # What neither it asked for nor is said to it is not remembered (RFC 826).
    assert len(wide.router.neighbours()) <= before + 1


def flood_with_arp_requests(wide, over, sent):
    frame = bytearray(bytes(Ether(src=wide.server.mac("eth"), dst="ff:ff:ff:ff:ff:ff")
                            / ARP(op=1, psrc="10.64.0.0", pdst="10.64.0.1")))
    breathe = Pace()
    with Wire(wide.server, "eth") as wire:
        while not over.is_set():
            frame[30:32] = (0x8000 + len(sent) % 0x4000).to_bytes(2, "big")
            wire.send(frame)
            sent.append(1)
            breathe()


def test_a_neighbour_is_found_while_its_network_is_flooded_with_arp(wide, figure):
    wide.server.address("eth", "10.64.0.3/16")
    over, sent = threading.Event(), []
    flood = threading.Thread(target=flood_with_arp_requests, args=(wide, over, sent))
    begin = time.monotonic()
    flood.start()
    try:
        wait_until(lambda: wide.router.drops().get("arp_limited", 0) > 100, "the limit is felt")
        out = wide.client.run("ping", "-c", 10, "-i", 0.1, "-W", 1, "10.64.0.3", check=False).stdout
    finally:
        over.set()
        flood.join()
    seconds = time.monotonic() - begin
    figure("ARP requests a second in a flood, and answers",
           f"{len(sent) / seconds:.0f}, {wide.router.tallies()['arp_replies_sent'] / seconds:.0f}")
    assert all_came(out), out
    assert wide.router.tallies()["arp_replies_sent"] < 2100 * (seconds + 1)


def flood_of_first_fragments(wide):
    frame = from_client(wide, IP(src="10.1.0.66", dst="10.1.0.1", flags="MF") / ICMP()
                        / Raw(b"x" * 64))
    breathe = Pace()
    with Wire(wide.client, "eth") as wire:
        for n in range(8000):
            wire.send(set_header(frame, IDENTIFICATION_AT, n.to_bytes(2, "big")))
            breathe()


def test_fragments_that_are_never_complete_do_not_use_up_the_buffers(wide):
    flood_of_first_fragments(wide)
    assert pings(wide.client, "10.64.0.2") and pings(wide.client, "10.1.0.1")
    assert wide.router.drops().get("no_buffer", 0) == 0


def test_whole_packets_are_put_together_beside_those_that_are_never_complete(wide):
    flood_of_first_fragments(wide)
    out = wide.client.run("ping", "-c", 3, "-i", 0.05, "-W", 2, "-s", 8000, "10.1.0.1", check=False)
    assert all_came(out.stdout)


def test_errors_to_one_source_are_bounded_and_others_still_hear_theirs(wide):
    frame = from_client(wide, IP(src="10.1.0.2", dst="198.51.100.1") / UDP() / Raw(b"x" * 32))
    breathe = Pace()
    begin = time.monotonic()
    with Wire(wide.client, "eth") as wire:
        for _ in range(2000):
            wire.send(frame)
            breathe()
        errors = sum(1 for f in wire.frames(0.3) if f[23] == 1 and f[34] == 3)
    assert 5 <= errors <= 20 + 10 * (time.monotonic() - begin), errors
    out = wide.server.run("ping", "-c", 1, "-W", 1, "198.51.100.1", check=False).stdout
    assert "Net Unreachable" in out
