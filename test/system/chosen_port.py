# SPDX-License-Identifier: BSD-3-Clause
"""Frames that a NAT let out, made comparable: the port that it chose is replaced by a given one.

Checksums are brought along by the difference alone, so a wrong one stays as wrong as it was.
"""
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether

from test_kernel_oracle import ROUTER_IP, comparable

OUTSIDE = ROUTER_IP["right"]  # the address that all inside share


def is_own(frame):
    """Did the router say it itself? Its TTL is then one more than that of what it forwards here."""
    return frame[14 + 8] == 64


def word(data, at):
    return int.from_bytes(data[at:at + 2], "big")


def put(data, at, value, checksums):
    """Writes a word and keeps checksums true (RFC 1624), the innermost first: the next cover it."""
    old = word(data, at)
    data[at:at + 2] = value.to_bytes(2, "big")
    for n, where in enumerate(checksums):
        total = (~word(data, where) & 0xffff) + (~old & 0xffff) + value
        total = (total & 0xffff) + (total >> 16)
        total = (total & 0xffff) + (total >> 16)
        put(data, where, ~total & 0xffff, checksums[n + 1:])


def is_icmp_error(data, at):
    """Is the packet at `at` one?"""
    return data[at + 9] == 1 and data[at + (data[at] & 15) * 4] in (3, 4, 5, 11, 12)


def put_port(data, at, chosen, instead, outer=()):
    """In the packet at `at`, and in the one that it quotes."""
    protocol, transport = data[at + 9], at + (data[at] & 15) * 4
    if word(data, at + 6) & 0x1fff:
        return  # a later fragment has no ports
    if is_icmp_error(data, at):
        return put_port(data, transport + 8, chosen, instead, [transport + 2])
    places = {1: [4], 6: [0, 2], 17: [0, 2]}.get(protocol, [])
    checksum = transport + {1: 2, 6: 16, 17: 6}.get(protocol, 0)
    there = checksum + 2 <= len(data) and (protocol != 17 or word(data, checksum))
    for place in places:
        if word(data, transport + place) == chosen:
            put(data, transport + place, instead, [*([checksum] if there else []), *outer])


def with_port(frame, chosen, instead=4242):
    """A frame as it would be, had that port been chosen; inside the chosen one is not to be seen."""
    whole = frame[:14 + word(frame, 16)]  # without Ethernet's padding
    data = bytearray(comparable(whole) if is_own(frame) else whole)
    if chosen is not None and Ether(frame)[IP].src == OUTSIDE:
        put_port(data, 14, chosen, instead)
    return bytes(data)


def port_of(frame):
    packet = Ether(frame)
    if packet[IP].src != OUTSIDE or is_own(frame) or is_icmp_error(frame, 14):
        return None
    return packet[ICMP].id if ICMP in packet else packet[IP].payload.sport
