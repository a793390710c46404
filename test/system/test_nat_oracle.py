# SPDX-License-Identifier: BSD-3-Clause
"""The kernel's NAT (nftables) as the oracle: the same talk through both, the same answers from both.

The two routers of test_kernel_oracle stand side by side and translate by the same rules. A talk is
some steps, each some frames that arrive at one side; what comes out is compared after each step,
byte for byte, checksums included. The external ports alone are each router's own choice: the next
steps use the one that was chosen, and `with_port` puts the same number into the answers of both.
Where the two differ on purpose, the talk says why.
"""
import dataclasses
import types

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from chosen_port import OUTSIDE, port_of, with_port
from lab import Lab
from test_kernel_oracle import (HOST_IP, OTHER_HOST_IP, OTHER_HOST_MAC, SIDES, described, ether, ip,
                                linux_router, outcome, sluice_router)

CLIENT, SERVER = HOST_IP["left"], HOST_IP["right"]
STATIC_OUTSIDE = "10.2.0.50"
BEYOND = "10.9.0.9"  # a router somewhere outside

NFT = f"""
table ip nat {{
    chain in {{
        type nat hook prerouting priority dstnat;
        ip daddr {OUTSIDE} tcp dport 8080 dnat to {CLIENT}:80
        ip daddr {OUTSIDE} udp dport 5300 dnat to {CLIENT}:53
        ip daddr {STATIC_OUTSIDE} dnat to {OTHER_HOST_IP}
    }}
    chain out {{
        type nat hook postrouting priority srcnat;
        oifname right ip saddr {OTHER_HOST_IP} snat to {STATIC_OUTSIDE}
        oifname right ip saddr 10.1.0.0/24 masquerade
        oifname left ct status dnat ip saddr {OTHER_HOST_IP} snat to {STATIC_OUTSIDE}
        oifname left ct status dnat ip saddr {CLIENT} snat to {OUTSIDE}
    }}
}}
"""
RULES = [
    {"name": "web", "type": "forward", "in": "right", "protocol": "tcp", "port": 8080,
     "to": CLIENT + ":80"},
    {"name": "names", "type": "forward", "in": "right", "protocol": "udp", "port": 5300,
     "to": CLIENT + ":53"},
    {"name": "other", "type": "static", "external": STATIC_OUTSIDE, "internal": OTHER_HOST_IP},
    {"name": "all", "type": "source", "from": "10.1.0.0/24", "out": "right", "to": "interface"},
]


@pytest.fixture(scope="module")
def both():
    with Lab() as lab:
        linux, sluice = linux_router(lab), sluice_router(lab, nat=RULES)
        linux.host.run("nft", "-f", "-", input=NFT)
        yield types.SimpleNamespace(linux=linux, sluice=sluice)


# ---- frames of a talk ----------------------------------------------------------------------------

DATA = Raw(bytes(range(40)))


def out(packet, **more):
    """From the client to the server."""
    return [bytes(ether("left") / ip(SERVER, CLIENT, **more) / packet)]


def back(packet, **more):
    """From the server to the address that it sees."""
    return [bytes(ether("right") / ip(OUTSIDE, SERVER, **more) / packet)]


def udp(sport, dport):
    return UDP(sport=sport, dport=dport) / DATA


def tcp(sport, dport, flags, seq=1000, ack=0):
    return TCP(sport=sport, dport=dport, flags=flags, seq=seq, ack=ack, options=[("MSS", 1460)]) / DATA


def echo(identifier, **more):
    return ICMP(**{"type": 8, "id": identifier, "seq": 1, **more}) / DATA


def error(kind, code, quoted, **more):
    """An ICMP error about a packet; `quoted` has its bytes, as the one who refuses it got it."""
    return ICMP(type=kind, code=code, **more) / Raw(bytes(quoted))


def seen_outside(packet, **more):
    return ip(SERVER, OUTSIDE, ttl=63, **more) / packet


def cut(packet, size):
    return bytes(packet)[:size]


def pieces(side, packet, size):
    return [bytes(ether(side) / piece) for piece in fragment(packet, fragsize=size)]


def by_host(host, mac, packet):
    return [bytes(ether("left", src=mac) / packet)]


# ---- talks -------------------------------------------------------------------------------------------

@dataclasses.dataclass
class Talk:
    name: str
    steps: list             # (side, function of the chosen port to frames)
    answers: list           # how many frames come out after each step
    differs: str = ""       # why Sluice's last answers are not Linux's
    instead: object = None  # what Sluice answers then: a function of (linux, sluice) lists


def talk(name, *steps, answers, **more):
    return Talk(name, list(steps), answers, **more)


def left(frames):
    return "left", lambda _: frames


def right(frames_for):
    return "right", frames_for


def nothing(_, sluice):
    return sluice == []


def the_same_in_another_order(linux, sluice):
    return linux != sluice and sorted(linux) == sorted(sluice)


UDP_OUT = left(out(udp(5001, 9)))
TCP_OUT = left(out(tcp(5002, 80, "S")))
ECHO_OUT = left(out(echo(77)))
NOBODYS = 498  # of all clients' ports none is below 1024, and so of the ports that are chosen for them

TALKS = [
    talk("UDP and its answer", UDP_OUT, right(lambda p: back(udp(9, p))), UDP_OUT, answers=[1, 1, 1]),
    talk("UDP without a checksum stays without",
         left(out(UDP(sport=5011, dport=9, chksum=0) / DATA)),
         right(lambda p: back(UDP(sport=9, dport=p, chksum=0) / DATA)), answers=[1, 1]),
    talk("a TCP connection from its SYN to its FINs", TCP_OUT,
         right(lambda p: back(tcp(80, p, "SA", 7000, 1001))),
         left(out(tcp(5002, 80, "A", 1001, 7001))),
         right(lambda p: back(tcp(80, p, "PA", 7001, 1041))),
         left(out(tcp(5002, 80, "FA", 1041, 7041))),
         right(lambda p: back(tcp(80, p, "FA", 7041, 1082))),
         left(out(tcp(5002, 80, "A", 1082, 7082))), answers=[1] * 7),
    talk("a SYN and the RST that refuses it", left(out(tcp(5003, 81, "S"))),
         right(lambda p: back(tcp(81, p, "RA", 0, 1041))), answers=[1, 1]),
    talk("an echo and its answer", ECHO_OUT, right(lambda p: back(echo(p, type=0))), answers=[1, 1]),
    talk("the tos byte and DF are kept", left(out(udp(5012, 9), tos=0xb8, flags="DF")),
         right(lambda p: back(udp(9, p), tos=0x28, flags="DF")), answers=[1, 1]),

    talk("port unreachable about UDP reaches the client as about its own packet", UDP_OUT,
         right(lambda p: back(error(3, 3, seen_outside(udp(p, 9))))), answers=[1, 1]),
    talk("time exceeded from a router on the way, with a quote of 28 bytes", UDP_OUT,
         right(lambda p: [bytes(ether("right") / ip(OUTSIDE, BEYOND) /
                                error(11, 0, cut(seen_outside(udp(p, 9)), 28)))]), answers=[1, 1]),
    talk("fragmentation needed about TCP keeps its MTU", TCP_OUT,
         right(lambda p: back(error(3, 4, seen_outside(tcp(p, 80, "A", 1001, 7001), flags="DF"),
                                    nexthopmtu=1200))), answers=[1, 1]),
    talk("an error about TCP with a quote of 28 bytes, which has not its checksum", TCP_OUT,
         right(lambda p: back(error(3, 1, cut(seen_outside(tcp(p, 80, "S")), 28)))), answers=[1, 1]),
    talk("host unreachable about an echo", ECHO_OUT,
         right(lambda p: back(error(3, 1, seen_outside(echo(p))))), answers=[1, 1]),
    talk("parameter problem keeps its pointer", UDP_OUT,
         right(lambda p: back(error(12, 0, seen_outside(udp(p, 9)), ptr=20))), answers=[1, 1]),
    talk("the client's port unreachable about an answer is the server's own packet", UDP_OUT,
         right(lambda p: back(udp(9, p))),
         left(out(error(3, 3, ip(CLIENT, SERVER, ttl=63) / udp(9, 5001)))), answers=[1, 1, 1]),
    talk("an error about what nobody sent: silence",
         right(lambda _: back(error(3, 3, seen_outside(udp(NOBODYS, 9))))), answers=[0]),

    talk("TTL 1 from inside: the router's error quotes the client's own packet",
         left(out(udp(5013, 9), ttl=1)), answers=[1]),
    talk("DF and too big for the link outside: the error quotes the client's own packet",
         left(out(UDP(sport=5014, dport=9) / Raw(b"x" * 1360), flags="DF")), answers=[1]),
    talk("too big without DF is translated, then fragmented",
         left(out(UDP(sport=5015, dport=9) / Raw(b"x" * 1360))), answers=[2]),
    talk("an answer with TTL 1: the router's error quotes what the server sent", UDP_OUT,
         right(lambda p: back(udp(9, p), ttl=1)), answers=[1, 1]),

    talk("fragments from inside, in order",
         left(pieces("left", ip(SERVER, CLIENT, id=31) / UDP(sport=5021, dport=9) / Raw(b"f" * 1000), 480)),
         answers=[3]),
    talk("fragments from inside, the last first",
         left(pieces("left", ip(SERVER, CLIENT, id=32) / UDP(sport=5022, dport=9) / Raw(b"f" * 1000),
                     480)[::-1]), answers=[3], instead=the_same_in_another_order,
         differs="Linux puts the packet together and fragments it again, in order; Sluice sends the "
                 "first, which has the ports, and then what waited for it"),
    talk("fragments of an answer", UDP_OUT,
         right(lambda p: pieces("right", ip(OUTSIDE, SERVER, id=33) / UDP(sport=9, dport=p) /
                                Raw(b"f" * 1000), 480)), answers=[1, 3]),
    talk("fragments of an echo",
         left(pieces("left", ip(SERVER, CLIENT, id=34) / ICMP(id=78, seq=1) / Raw(b"f" * 1000), 480)),
         answers=[3]),

    talk("a port forward of TCP, and its answer",
         right(lambda _: back(tcp(6001, 8080, "S"))),
         left(out(tcp(80, 6001, "SA", 7000, 1001))), answers=[1, 1]),
    talk("a port forward of UDP, and its answer",
         right(lambda _: back(udp(6002, 5300))), left(out(udp(53, 6002))), answers=[1, 1]),
    talk("the inside host's error about a forwarded packet",
         right(lambda _: back(udp(6003, 5300))),
         left(out(error(3, 3, ip(CLIENT, SERVER, ttl=63) / udp(6003, 53)))), answers=[1, 1]),

    talk("one address for one, from inside",
         left(by_host(OTHER_HOST_IP, OTHER_HOST_MAC, ip(SERVER, OTHER_HOST_IP) / udp(5031, 9))),
         right(lambda _: [bytes(ether("right") / ip(STATIC_OUTSIDE, SERVER) / udp(9, 5031))]),
         answers=[1, 1]),
    talk("one address for one, from outside",
         right(lambda _: [bytes(ether("right") / ip(STATIC_OUTSIDE, SERVER) / tcp(6004, 22, "S"))]),
         left(by_host(OTHER_HOST_IP, OTHER_HOST_MAC,
                      ip(SERVER, OTHER_HOST_IP) / tcp(22, 6004, "SA", 7000, 1001))), answers=[1, 1]),
    talk("one address for one: a protocol without ports",
         left(by_host(OTHER_HOST_IP, OTHER_HOST_MAC, ip(SERVER, OTHER_HOST_IP, proto=253) / DATA)),
         answers=[1]),

    talk("hairpinning to a forward, by a host that has an outside address of its own",
         left(by_host(OTHER_HOST_IP, OTHER_HOST_MAC, ip(OUTSIDE, OTHER_HOST_IP) / tcp(5041, 8080, "S"))),
         left([bytes(ether("left") / ip(STATIC_OUTSIDE, CLIENT) / tcp(80, 5041, "SA", 7000, 1001))]),
         answers=[1, 1]),
    talk("hairpinning by a host that shares the outside address",
         left([bytes(ether("left") / ip(STATIC_OUTSIDE, CLIENT) / udp(5042, 9))]),
         ("left", lambda p: by_host(OTHER_HOST_IP, OTHER_HOST_MAC, ip(OUTSIDE, OTHER_HOST_IP) / udp(9, p))),
         answers=[1, 1]),

    talk("a segment of no connection",
         left(out(tcp(5051, 80, "A", 1, 1))), answers=[1], instead=nothing,
         differs="Linux picks connections up in the middle (nf_conntrack_tcp_loose); Sluice begins "
                 "a session with a SYN alone (RFC 7857 2)"),
    talk("UDP from outside to a port that nobody has: port unreachable",
         right(lambda _: back(udp(9, NOBODYS))), answers=[1]),
    talk("a SYN from outside to a port that nobody has", right(lambda _: back(tcp(6005, NOBODYS, "S"))),
         answers=[1], instead=nothing,
         differs="Linux resets at once; Sluice waits 6 s for a SYN from inside (RFC 5382 REQ-4)"),
    talk("an echo to the address outside is the router's to answer",
         right(lambda _: back(echo(79))), answers=[1]),
]


def spoken(device, one):
    """The answers to each step, and the port that was chosen on the way."""
    chosen, heard = None, []
    for side, frames_for in one.steps:
        got = outcome(device, side, frames_for(chosen))
        heard.append(got)
        chosen = chosen or next(filter(None, map(port_of, got["left"] + got["right"])), None)
    return heard, chosen


def with_ports(got, chosen):
    return {side: [with_port(frame, chosen) for frame in got[side]] for side in SIDES}


@pytest.mark.parametrize("one", TALKS, ids=lambda one: one.name)
def test_the_kernels_nat_and_sluice_answer_alike(both, one):
    (linux, linux_port), (sluice, sluice_port) = spoken(both.linux, one), spoken(both.sluice, one)
    counts = [sum(map(len, got.values())) for got in linux]
    assert counts == one.answers, ("the oracle", [described(sum(g.values(), [])) for g in linux])
    for n, (theirs, ours) in enumerate(zip(linux, sluice)):
        said = (f"step {n + 1}", "Linux:", *map(described, theirs.values()),
                "Sluice:", *map(described, ours.values()))
        wanted, got = with_ports(theirs, linux_port), with_ports(ours, sluice_port)
        if one.differs and n == len(linux) - 1:
            assert one.instead(sum(wanted.values(), []), sum(got.values(), [])), said
        else:
            assert got == wanted, said
