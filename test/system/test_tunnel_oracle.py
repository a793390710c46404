# SPDX-License-Identifier: BSD-3-Clause
"""Tunnels as others see them: Scapy is the other end of each, tshark reads all that was sent.

    host ─ left [router] right ─ Scapy, which is every remote 198.51.100.N at once

Behind the tunnel to 198.51.100.N is 10.N.0.0/16. Neither program shares a line with the router.
"""
import dataclasses
import itertools
import subprocess
import types

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import GRE, Ether
from scapy.packet import Raw, bind_layers
from scapy.utils import wrpcap

from dissect import COMPLAINTS, tshark
from lab import Lab
from router import Router
from test_kernel_oracle import (CONFIG, HOST_IP, HOST_MAC, OTHER, ROUTER_IP, ROUTER_MAC, all_that_follows,
                                cables)

KEY = 0xf0000001
PORT = 4754
bind_layers(UDP, GRE, dport=PORT)  # RFC 8086
SIZES = (0, 1, 99, 1000)


@dataclasses.dataclass
class Form:
    """A tunnel's form, and the network behind it."""
    net: int
    type: str = "gre"
    key: bool = False
    checksum: bool = False
    sequence: bool = False
    udp: bool = False

    def __str__(self):
        has = [name for name in ("udp", "key", "checksum", "sequence") if getattr(self, name)]
        return "-".join([self.type, *has])

    @property
    def remote(self):
        return f"198.51.100.{self.net}"

    @property
    def behind(self):
        return f"10.{self.net}.0.5"

    def config(self):
        wish = {"type": self.type, "local": ROUTER_IP["right"], "remote": self.remote}
        if self.key:
            wish["key"] = KEY
        if self.udp:
            wish["udp_port"] = PORT
        return {**wish, **{name: True for name in ("checksum", "sequence") if getattr(self, name)}}

    def headers(self, number=0, **more):
        """What the remote puts in front of a packet."""
        outer = IP(src=self.remote, dst=ROUTER_IP["right"], id=1)
        if self.type == "ipip":
            return outer
        fields = {}
        if self.key:
            fields.update(key_present=1, key=KEY)
        if self.checksum:
            fields.update(chksum_present=1)
        if self.sequence:
            fields.update(seqnum_present=1, sequence_number=number)
        if self.udp:
            outer /= UDP(sport=50000, dport=PORT, **({} if number % 2 else {"chksum": 0}))
        return outer / GRE(**{**fields, **more})


FORMS = [Form(20, "ipip"), *(Form(21 + n, "gre", *has)
                             for n, has in enumerate(itertools.product((False, True), repeat=4)))]


@pytest.fixture(scope="module")
def room():
    with Lab() as lab:
        host = lab.host("router")
        wires = cables(lab, "out", host)
        ports = {name: {**port, "mtu": 1500} for name, port in CONFIG["interfaces"].items()}
        router = Router(lab, host).start({
            **CONFIG, "interfaces": ports,
            "tunnels": {f"t{form.net}": form.config() for form in FORMS},
            "routes": [{"prefix": "198.51.100.0/24", "via": HOST_IP["right"]},
                       *({"prefix": f"10.{form.net}.0.0/16", "interface": f"t{form.net}"}
                         for form in FORMS)]})
        yield types.SimpleNamespace(lab=lab, router=router, wires=wires, sent=[])


def crosses(room, side, packet):
    """The packets that leave on the other side; what leaves outside is kept for tshark."""
    room.wires[OTHER[side]].drain()
    room.wires[side].send(Ether(src=HOST_MAC[side], dst=ROUTER_MAC[side]) / packet)
    frames = [Ether(frame) for frame in all_that_follows(room.wires, side)]
    frames = [frame for frame in frames if IP in frame]
    if side == "left":
        room.sent += frames
    return [IP(bytes(frame[IP])[:frame[IP].len]) for frame in frames]


def inner(source, destination, size, ttl=64, **more):
    return (IP(src=source, dst=destination, ttl=ttl, id=7, **more) / UDP(sport=1, dport=2) /
            Raw(bytes(i % 256 for i in range(size))))


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_what_scapy_builds_is_taken_in(room, form):
    for number, size in enumerate(SIZES):
        packet = form.headers(number) / inner(form.behind, HOST_IP["left"], size)
        (got,) = crosses(room, "right", packet)
        assert bytes(got) == bytes(inner(form.behind, HOST_IP["left"], size, ttl=63))


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_what_is_sent_is_what_scapy_would_have_built(room, form):
    for number, size in enumerate(SIZES):
        (got,) = crosses(room, "left", inner(HOST_IP["left"], form.behind, size, flags="DF"))
        there = inner(HOST_IP["left"], form.behind, size, ttl=63, flags="DF")
        expected = form.headers(number) / there
        # The identification alone is the router's own choice.
        expected.src, expected.dst, expected.id = ROUTER_IP["right"], form.remote, got.id
        expected.flags = "DF"
        if form.udp:  # RFC 8086: the port tells the flow, and there is no checksum
            assert got[UDP].sport >= 49152
            expected[UDP].sport, expected[UDP].chksum = got[UDP].sport, 0
        assert bytes(got) == bytes(expected), f"{got!r} is not {expected!r}"


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_large_packet_comes_in_pieces_that_scapy_puts_together(room, form):
    whole = inner(HOST_IP["left"], form.behind, 1472)
    pieces = [outer.payload if form.type == "ipip" else outer[GRE].payload
              for outer in crosses(room, "left", whole)]
    assert len(pieces) == 2
    assert b"".join(bytes(piece.payload) for piece in pieces) == bytes(whole.payload)


@pytest.mark.parametrize("wrong, reason", [
    ({"key_present": 1, "key": KEY + 1}, "tunnel_unknown"),
    ({"chksum_present": 1, "chksum": 1}, "gre_bad_checksum"),
    ({"routing_present": 1}, "gre_malformed"),
    ({"version": 1}, "gre_malformed"),
    ({"proto": 0x88be}, "tunnel_payload")], ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_wrong_is_refused_for_its_reason(room, wrong, reason):
    form = next(form for form in FORMS if str(form) == "gre")
    before = room.router.drops().get(reason, 0)
    assert crosses(room, "right", form.headers(**wrong) / inner(form.behind, HOST_IP["left"], 9)) == []
    assert room.router.drops()[reason] == before + 1


def read_by_tshark(room, frames, *words):
    capture = room.lab.directory / "capture.pcap"
    wrpcap(str(capture), frames)
    return tshark(capture, *words)


def test_tshark_has_no_complaint_about_all_that_was_sent(room):
    # What the tests before this one made the router send; alone, this one sends for itself.
    for form in FORMS:
        crosses(room, "left", inner(HOST_IP["left"], form.behind, 40))
    assert read_by_tshark(room, room.sent, "-Y", COMPLAINTS) == []
    layers = read_by_tshark(room, room.sent, "-T", "fields", "-e", "frame.protocols")
    assert len(layers) == len(room.sent)
    assert {"eth:ethertype:ip:gre:ip:udp:data", "eth:ethertype:ip:ip:udp:data",
            "eth:ethertype:ip:udp:gre:ip:udp:data"} <= set(layers)


def test_tshark_would_complain(room):
    form = next(form for form in FORMS if str(form) == "gre-checksum")
    crosses(room, "left", inner(HOST_IP["left"], form.behind, 40))
    frame = bytearray(bytes(room.sent.pop()))
    frame[-1] ^= 1
    assert len(read_by_tshark(room, [Ether(bytes(frame))], "-Y", COMPLAINTS)) == 1
