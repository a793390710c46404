# SPDX-License-Identifier: BSD-3-Clause
"""The kernel's own forwarding as the oracle: the same frames into both, the same answers from both.

Two routers stand side by side, one is Linux and one is Sluice, with the same MAC and IP addresses,
neighbours and routes. Each case puts the same bytes on a cable of each and compares all that comes
out of both cables, byte for byte. What may differ is written down here, each with its reason: for
every case in `comparable`, and for one case beside it in `CASES`.
"""
import dataclasses
import time
import types

import pytest
from scapy.layers.inet import (ICMP, IP, TCP, UDP, IPOption, IPOption_LSRR, IPOption_NOP, IPOption_RR,
                               IPOption_SSRR, fragment)
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

from lab import Lab
from router import Router, af_packet
from wire import Wire

SIDES = ("left", "right")
ROUTER_MAC = {"left": "02:00:00:00:01:01", "right": "02:00:00:00:02:01"}
HOST_MAC = {"left": "02:00:00:00:01:02", "right": "02:00:00:00:02:02"}
ROUTER_IP = {"left": "10.1.0.1", "right": "10.2.0.1"}
HOST_IP = {"left": "10.1.0.2", "right": "10.2.0.2"}
OTHER_HOST_IP, OTHER_HOST_MAC = "10.1.0.3", "02:00:00:00:01:03"
MTU = {"left": 1500, "right": 1280}

CONFIG = {
    "dataplane": {"workers": 1},
    "interfaces": {side: {"device": af_packet(side, n), "addresses": [ROUTER_IP[side] + "/24"],
                          "mtu": MTU[side], "mac": ROUTER_MAC[side]}
                   for n, side in enumerate(SIDES)},
    "neighbours": [{"interface": "left", "address": HOST_IP["left"], "mac": HOST_MAC["left"]},
                   {"interface": "left", "address": OTHER_HOST_IP, "mac": OTHER_HOST_MAC},
                   {"interface": "right", "address": HOST_IP["right"], "mac": HOST_MAC["right"]}],
    "routes": [{"prefix": "10.9.0.0/16", "via": HOST_IP["right"]},
               {"prefix": "10.8.0.0/16", "via": OTHER_HOST_IP},
               {"prefix": "10.70.0.0/16", "type": "blackhole"},
               {"prefix": "10.71.0.0/16", "type": "unreachable"},
               {"prefix": "10.72.0.0/16", "type": "prohibit"}],
    "icmp": {"errors_per_second": 100_000, "errors_per_source_per_second": 10_000},
}


def cables(lab, name, router):
    """A host without addresses at the other end of each cable: it only looks and sends."""
    outside = lab.host(name + "out")
    for side in SIDES:
        lab.cable(outside, side, router, side, a_mac=HOST_MAC[side], b_mac=ROUTER_MAC[side])
    return {side: Wire(outside, side) for side in SIDES}


def linux_router(lab):
    router = lab.host("linux")
    wires = cables(lab, "linux", router)
    for name, value in (("ip_forward", 1), ("icmp_ratemask", 0), ("icmp_errors_use_inbound_ifaddr", 1),
                        ("conf.all.rp_filter", 0), ("conf.default.rp_filter", 0),
                        ("conf.all.accept_source_route", 0)):
        router.sysctl("net.ipv4." + name, value)
    for side in SIDES:
        router.sysctl(f"net.ipv4.conf.{side}.rp_filter", 0)
        router.sysctl(f"net.ipv4.conf.{side}.send_redirects", 1)
        router.ip("link", "set", side, "mtu", MTU[side])
        router.address(side, ROUTER_IP[side] + "/24")
    for n in CONFIG["neighbours"]:
        router.ip("neigh", "replace", n["address"], "lladdr", n["mac"], "dev", n["interface"])
    for r in CONFIG["routes"]:
        way = ["via", r["via"]] if "via" in r else []
        router.ip("route", "add", r.get("type", "unicast"), r["prefix"], *way)
    return types.SimpleNamespace(wires=wires, host=router)


def sluice_router(lab, **more):
    """`more` is added to its configuration."""
    host = lab.host("router")
    wires = cables(lab, "sluice", host)
    router = Router(lab, host).start({**CONFIG, **more})
    time.sleep(3)  # what it announces of itself at its start is said
    return types.SimpleNamespace(wires=wires, router=router)


@pytest.fixture(scope="module")
def both():
    with Lab() as lab:
        yield types.SimpleNamespace(linux=linux_router(lab), sluice=sluice_router(lab))


# The frames of a case. `to` and `source` default to the host on the other side and this one.

def ether(side="left", **more):
    return Ether(**{"src": HOST_MAC[side], "dst": ROUTER_MAC[side], **more})


def ip(to=HOST_IP["right"], source=HOST_IP["left"], **more):
    return IP(**{"src": source, "dst": to, "id": 0x4242, "ttl": 64, **more})


def udp(size=32, port=9):
    return UDP(sport=5000, dport=port) / Raw(bytes(i & 0xff for i in range(size)))


@dataclasses.dataclass
class Case:
    name: str
    frames: list
    side: str = "left"
    answers: int | None = None  # how many frames come out; None: as many as of Linux
    differs: str = ""           # why Sluice's answers are not Linux's
    instead: object = None      # what Sluice does then: a function of (linux, sluice) lists


def case(name, *frames, **more):
    return Case(name, [bytes(f) for f in frames], **more)


def nothing(_, sluice):
    return sluice == []


def echo(size=32, **more):
    return ICMP(**{"type": 8, "id": 7, "seq": 1, **more}) / Raw(b"x" * size)


def rr(slots, pointer=4):
    return IPOption_RR(length=3 + 4 * slots, pointer=pointer, routers=["0.0.0.0"] * slots)


def without(frame, at, new):
    data = bytearray(bytes(frame))
    data[at:at + len(new)] = new
    return bytes(data)


def big(size, **more):
    return ether() / ip(**more) / udp(size - 28)


def as_fragments(packet, size):
    return [ether() / f for f in fragment(packet, fragsize=size)]


CASES = [
    case("a packet to the other side is forwarded, one hop older", ether() / ip() / udp(), answers=1),
    case("the tos byte, ECN too, is kept", ether() / ip(tos=0xb9) / udp(), answers=1),
    case("DF and the identification are kept", ether() / ip(flags="DF", id=0) / udp(), answers=1),
    case("an empty packet of a protocol nobody knows is forwarded",
         ether() / ip(proto=253), answers=1),
    case("a TCP packet is forwarded as it is",
         ether() / ip() / TCP(sport=1, dport=2, flags="S", options=[("MSS", 1460)]), answers=1),
    case("a packet by a gateway's route is forwarded to the gateway", ether() / ip("10.9.1.2") / udp(),
         answers=1),
    case("padding behind the packet is not forwarded as part of it",
         bytes(ether() / ip() / udp(1)) + b"\xee" * 17, answers=1),

    case("TTL 1 in transit: time exceeded", ether() / ip(ttl=1) / udp(), answers=1),
    case("TTL 0 in transit: time exceeded", ether() / ip(ttl=0) / udp(), answers=1),
    case("TTL 2 in transit is forwarded with TTL 1", ether() / ip(ttl=2) / udp(), answers=1),
    case("TTL 1 to the router itself is answered", ether() / ip(ROUTER_IP["left"], ttl=1) / echo(),
         answers=1),
    case("TTL 1, a large packet: the quote ends at 576 bytes", big(1200, ttl=1), answers=1),
    case("TTL 1 with options: the quote has them too",
         ether() / ip(ttl=1, options=[rr(3)]) / udp(),
         differs="Linux first records its own address, quotes that, and sends the options along in "
                 "the error's own header; Sluice quotes what it got (RFC 1812 4.3.2.3)",
         instead=lambda _, sluice: [icmp_of(f) for f in sluice] == [(11, 0)] and
         quote_of(sluice[0]) == bytes(ip(ttl=1, options=[rr(3)]) / udp())),
    case("TTL 1, an ICMP error: no error about an error",
         ether() / ip(ttl=1) / ICMP(type=3, code=1) / ip() / udp(8), answers=0),
    case("TTL 1, an echo request: time exceeded", ether() / ip(ttl=1) / echo(), answers=1),
    case("TTL 1, an echo reply: time exceeded", ether() / ip(ttl=1) / echo(type=0), answers=1),
    case("TTL 1, the first fragment: time exceeded", ether() / ip(ttl=1, flags="MF") / udp(),
         answers=1),
    case("TTL 1, another fragment: silence", ether() / ip(ttl=1, frag=10) / Raw(b"x" * 32), answers=0),
    case("TTL 1 from a source behind the other interface: from the address it came in by",
         ether() / ip("10.9.0.9", "10.9.0.1", ttl=1) / udp(), answers=1),

    case("DF and too big: fragmentation needed, with the next link's MTU", big(1400, flags="DF"),
         answers=1),
    case("DF and exactly the MTU is forwarded", big(1280, flags="DF"), answers=1),
    case("one byte above the MTU with DF: refused", big(1281, flags="DF"), answers=1),
    case("too big without DF is fragmented", big(1400), answers=2),
    case("a fragment that is too big is fragmented again",
         ether() / ip(frag=100, flags="MF") / Raw(b"y" * 1400), answers=2),
    case("the last fragment that is too big stays the last",
         ether() / ip(frag=100) / Raw(b"y" * 1400), answers=2),
    case("fragments keep the options whose copied bit is set",
         ether() / ip(options=[IPOption_NOP(), rr(1)]) / udp(1350), answers=2,
         differs="Linux blanks options that are not copied with NOPs and keeps the header long; "
                 "Sluice leaves them out, as RFC 791 3.1 says (copied: 0)",
         instead=lambda linux, sluice: len(sluice) == 2 and
         same_payload_when_put_together(linux, sluice)),
    case("a large fragment that fits is forwarded as it is",
         ether() / ip(frag=185, flags="MF") / Raw(b"z" * 1000), answers=1),

    # From another source, since Linux allows each only five of these.
    case("no route: net unreachable", ether() / ip("198.51.100.1", OTHER_HOST_IP) / udp(), answers=1),
    case("a blackhole route: silence", ether() / ip("10.70.0.1") / udp(), answers=0),
    case("an unreachable route: host unreachable", ether() / ip("10.71.0.1") / udp(), answers=1),
    case("a prohibit route: administratively prohibited", ether() / ip("10.72.0.1") / udp(), answers=1),
    case("no route for an ICMP error: silence",
         ether() / ip("198.51.100.1") / ICMP(type=11) / ip() / udp(8), answers=0),
    case("a redirect for what leaves by where it came in, and the packet goes its way",
         ether() / ip("10.8.0.1") / udp(),
         differs="Linux quotes the packet one hop older, as it sends it on; Sluice as it got it",
         instead=lambda linux, sluice: comparable(linux[1]) == comparable(sluice[1]) and
         comparable(linux[0])[:36] == comparable(sluice[0])[:36] and
         comparable(linux[0])[38:42] == comparable(sluice[0])[38:42] and
         quote_of(sluice[0]) == bytes(ip("10.8.0.1") / udp())),
    case("no redirect to a sender who is on another network",
         ether() / ip("10.8.0.1", "10.9.0.9") / udp(), answers=1),

    case("an echo request to the router is answered", ether() / ip(ROUTER_IP["left"]) / echo(),
         answers=1),
    case("an echo request to the router's far address is answered from it",
         ether() / ip(ROUTER_IP["right"]) / echo(), answers=1),
    case("an echo reply keeps the tos byte of the request",
         ether() / ip(ROUTER_IP["left"], tos=0x28) / echo(), answers=1),
    case("an echo request with odd length is answered", ether() / ip(ROUTER_IP["left"]) / echo(33),
         answers=1),
    case("an echo request without data is answered", ether() / ip(ROUTER_IP["left"]) / echo(0),
         answers=1),
    case("an echo request with DF is answered", ether() / ip(ROUTER_IP["left"], flags="DF") / echo(),
         answers=1),
    case("an echo request in fragments is answered whole",
         *as_fragments(ip(ROUTER_IP["left"]) / echo(1000), 480), answers=1),
    case("the fragments of an echo request in reverse are answered too",
         *reversed(as_fragments(ip(ROUTER_IP["left"], id=0x4343) / echo(1000), 480)), answers=1),
    case("an echo request with a wrong ICMP checksum: silence",
         ether() / ip(ROUTER_IP["left"]) / echo(chksum=0x1234), answers=0),
    case("an echo request with record route is answered with it",
         ether() / ip(ROUTER_IP["left"], options=[rr(4)]) / echo(),
         differs="Linux records itself twice, when it gets the request and when it answers; "
                 "RFC 1812 4.3.3.6 asks for once",
         instead=lambda _, sluice: [icmp_of(f) for f in sluice] == [(0, 0)] and
         bytes(sluice[0])[34:42] == b"\x07\x13\x08" + bytes([10, 1, 0, 1]) + b"\0"),
    case("a timestamp request to the router", ether() / ip(ROUTER_IP["left"]) / ICMP(type=13),
         differs="Linux answers timestamp requests; Sluice does not (RFC 1812 4.3.3.8: MAY)",
         instead=nothing),
    case("an address mask request: silence", ether() / ip(ROUTER_IP["left"]) / ICMP(type=17), answers=0),
    case("an ICMP type nobody knows: silence", ether() / ip(ROUTER_IP["left"]) / ICMP(type=44), answers=0),
    case("UDP to a closed port of the router: port unreachable",
         ether() / ip(ROUTER_IP["left"]) / udp(port=33333), answers=1),
    case("UDP to a closed port of the far address: port unreachable",
         ether() / ip(ROUTER_IP["right"]) / udp(port=33333),
         differs="Linux answers from the address that was asked; RFC 1812 4.3.2.4 from one of the "
                 "interface that the answer leaves by",
         instead=lambda linux, sluice: Ether(sluice[0])[IP].src == ROUTER_IP["left"] and
         icmp_of(sluice[0]) == (3, 3) and quote_of(sluice[0]) == quote_of(linux[0])),
    case("a protocol that the router does not speak: protocol unreachable",
         ether() / ip(ROUTER_IP["left"], proto=253) / Raw(b"hello there"), answers=1),
    case("TCP to a closed port of the router",
         ether() / ip(ROUTER_IP["left"]) / TCP(sport=5000, dport=22, flags="S"),
         differs="Linux's TCP resets; Sluice has no TCP and says port unreachable",
         instead=lambda _, sluice: [icmp_of(f) for f in sluice] == [(3, 3)]),

    case("a wrong header checksum: silence", ether() / ip(chksum=0x1111) / udp(), answers=0),
    case("IP version 5: silence", without(ether() / ip() / udp(), 14, b"\x55"), answers=0),
    case("a header length of 4 words: silence", without(ether() / ip() / udp(), 14, b"\x44"), answers=0),
    case("a header longer than the packet: silence",
         without(ether() / ip(len=20), 14, b"\x4f"), answers=0),
    case("a total length beyond the frame: silence", ether() / ip(len=500) / udp(), answers=0),
    case("a total length under the header's: silence", ether() / ip(len=16) / udp(), answers=0),
    case("fewer than 20 bytes of IP: silence", bytes(ether() / ip() / udp())[:14 + 19], answers=0),

    *[case(f"a source that is {what}: silence", ether() / ip(source=source) / udp(), answers=0)
      for what, source in (("of 127/8", "127.0.0.1"), ("multicast", "224.0.0.5"),
                           ("the limited broadcast", "255.255.255.255"),
                           ("the router's own", ROUTER_IP["left"]),
                           ("the router's far address", ROUTER_IP["right"]))],
    *[case(f"a source that is {what}", ether() / ip(source=source) / udp(), instead=nothing,
           differs="Linux leaves this to its reverse path filter, which is off here; RFC 1812 "
                   "5.3.7 has a router drop it")
      for what, source in (("of 0/8", "0.1.2.3"), ("reserved", "240.0.0.1"),
                           ("a directed broadcast", "10.1.0.255"))],
    *[case(f"a destination that is {what}: silence", ether() / ip(to) / udp(), answers=0)
      for what, to in (("of 127/8", "127.0.0.1"), ("multicast", "224.0.0.5"), ("the limited broadcast", "255.255.255.255"),
                       ("a far directed broadcast", "10.2.0.255"),
                       ("this network's broadcast", "10.1.0.255"))],
    *[case(f"a destination that is {what}", ether() / ip(to) / udp(), instead=nothing,
           differs="Linux looks for a route to it; RFC 1812 5.3.7 has a router drop it")
      for what, to in (("of 0/8", "0.1.2.3"), ("reserved", "240.0.0.1"))],
    case("link broadcast to a unicast address in transit: silence",
         ether(dst="ff:ff:ff:ff:ff:ff") / ip() / udp(), answers=0),
    case("link broadcast, and the answer would be an error: silence",
         ether(dst="ff:ff:ff:ff:ff:ff") / ip(ttl=1) / udp(), answers=0),
    case("link multicast to a unicast address in transit: silence",
         ether(dst="01:00:5e:00:00:05") / ip() / udp(), answers=0),
    case("another host's frame: silence", ether(dst="02:00:00:00:77:77") / ip() / udp(), answers=0),
    case("an EtherType nobody knows: silence", ether(type=0x88b5) / Raw(b"x" * 46), answers=0),

    case("an unknown option passes",
         ether() / ip(options=[IPOption(b"\x9e\x04\x00\x00")]) / udp(), answers=1),
    case("record route is filled in", ether() / ip(options=[rr(3)]) / udp(), answers=1),
    case("record route with no room left passes unchanged",
         ether() / ip(options=[rr(2, pointer=12)]) / udp(), answers=1),
    case("loose source route is refused",
         ether() / ip(ROUTER_IP["left"], options=[IPOption_LSRR(routers=["10.2.0.2"])]) / udp(),
         answers=0),
    case("strict source route is refused",
         ether() / ip(ROUTER_IP["left"], options=[IPOption_SSRR(routers=["10.2.0.2"])]) / udp(),
         answers=0),
    case("an option that reaches past the header: parameter problem",
         ether() / ip(options=[IPOption_RR(length=39, pointer=4, routers=["0.0.0.0"] * 2)]) / udp(),
         answers=1),
    case("record route with a pointer under 4: parameter problem",
         ether() / ip(options=[rr(2, pointer=2)]) / udp(), answers=1),
    case("from the other side all is the same", ether("right") / ip(HOST_IP["left"], HOST_IP["right"])
         / udp(), side="right", answers=1),

    case("ARP for the router's address is answered",
         ether(dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=HOST_MAC["left"], psrc=HOST_IP["left"],
                                              pdst=ROUTER_IP["left"]), answers=1),
    case("a unicast ARP request is answered",
         ether() / ARP(hwsrc=HOST_MAC["left"], psrc=HOST_IP["left"], pdst=ROUTER_IP["left"]),
         answers=1),
    case("an ARP probe is answered (RFC 5227)",
         ether(dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=HOST_MAC["left"], psrc="0.0.0.0",
                                              pdst=ROUTER_IP["left"]), answers=1),
    case("ARP for a host on the same network: silence",
         ether(dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=HOST_MAC["left"], psrc=HOST_IP["left"],
                                              pdst="10.1.0.77"), answers=0),
    case("ARP for a host on the other network: silence",
         ether(dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=HOST_MAC["left"], psrc=HOST_IP["left"],
                                              pdst=HOST_IP["right"]), answers=0),
    case("ARP for the router's address of the other network",
         ether(dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=HOST_MAC["left"], psrc=HOST_IP["left"],
                                              pdst=ROUTER_IP["right"]),
         differs="Linux's host model answers for any own address on any interface (arp_ignore 0); "
                 "Sluice for those of the interface alone, as RFC 1812's router does",
         instead=nothing),
    case("an ARP request of a wrong hardware length: silence",
         without(ether() / ARP(hwsrc=HOST_MAC["left"], psrc=HOST_IP["left"],
                               pdst=ROUTER_IP["left"]), 18, b"\x08"), answers=0),
]


def icmp_of(frame):
    packet = Ether(frame)
    return (packet[ICMP].type, packet[ICMP].code) if ICMP in packet else None


def quote_of(frame):
    """What an ICMP error quotes, byte for byte."""
    return frame[14 + (frame[14] & 15) * 4 + 8:]


def same_payload_when_put_together(linux, sluice):
    def whole(frames):
        parts = sorted((Ether(f)[IP] for f in frames), key=lambda p: p.frag)
        return b"".join(bytes(p.payload)[:p.len - p.ihl * 4] for p in parts)
    return whole(linux) == whole(sluice)


def is_own_message(packet):
    return IP in packet and packet[IP].src in ROUTER_IP.values()


def comparable(frame):
    """A frame as bytes, with what may differ taken out."""
    packet = Ether(frame)
    if IP in packet:
        # Padding is the device's business: AF_PACKET sends what it is given, and veth pads nothing.
        packet = Ether(frame[:14 + packet[IP].len])
        if is_own_message(packet):
            # Each numbers its own packets as it likes; RFC 6864 asks for nothing where DF is set.
            packet[IP].id = 0
            # Linux sets DF on what it sends itself (path MTU discovery); RFC 1812 4.3.2 does not ask.
            packet[IP].flags = int(packet[IP].flags) & 1
            packet[IP].chksum = 0
    if ARP in packet:
        packet = Ether(frame[:14 + 28])  # padded by Sluice to the 60 bytes of Ethernet
    return bytes(packet)


SENTINEL_PORT = 6666
OTHER = {"left": "right", "right": "left"}


def is_mark(frame):
    return b"that was all" in frame and UDP in Ether(frame) and Ether(frame)[UDP].dport == SENTINEL_PORT


def before_mark(wires, side):
    """What comes out opposite before a packet that is sent now to there, after all that was sent before."""
    mark = ether(side) / ip(HOST_IP[OTHER[side]], HOST_IP[side]) / UDP(
        sport=SENTINEL_PORT, dport=SENTINEL_PORT) / Raw(b"that was all")
    wires[side].send(bytes(mark))
    frames = []
    for frame in wires[OTHER[side]].frames(10):
        if is_mark(frame):
            return frames
        frames.append(frame)
    raise AssertionError("the router forwards nothing any more")


def all_that_follows(wires, side):
    """What comes out opposite of all that was sent.

    The second mark is of another burst than what came with the first; what a burst leads to, as an
    answer of the router itself or what was in a tunnel, is out with its end.
    """
    return before_mark(wires, side) + before_mark(wires, side)


def outcome(device, side, frames):
    """Side to frames: all that these frames, which arrive at `side`, bring out of a router."""
    for wire in device.wires.values():
        wire.drain()
    for frame in frames:
        device.wires[side].send(frame)
    got = {"left": [], "right": all_that_follows(device.wires, "left")}
    for side in SIDES:
        got[side] += list(device.wires[side].frames(0.015))
    return got


def described(frames):
    return [Ether(f).summary() + "\n      " + f.hex() for f in frames]


@pytest.mark.parametrize("test", CASES, ids=lambda test: test.name)
def test_the_kernel_and_sluice_answer_alike(both, test):
    linux, sluice = (outcome(d, test.side, test.frames) for d in (both.linux, both.sluice))
    flat_linux = linux["left"] + linux["right"]
    flat_sluice = sluice["left"] + sluice["right"]
    if test.differs:
        assert test.instead(flat_linux, flat_sluice), described(flat_sluice)
        return
    if test.answers is not None:
        assert len(flat_linux) == test.answers, ("the oracle", described(flat_linux))
    for side in SIDES:
        wanted = [comparable(f) for f in linux[side]]
        got = [comparable(f) for f in sluice[side]]
        assert got == wanted, (f"out of {side}", "Linux:", described(wanted),
                               "Sluice:", described(got))
