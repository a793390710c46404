#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A host and a group: `group.py send OWN GROUP COUNT`, `group.py join OWN GROUP COUNT`.

Who joins says how many of the numbered packets came, and whether any came twice. It has heard enough
when so many have come, or when no more come.
"""
import socket
import sys
import time

PORT = 5000


def send(own, group, count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
        for number in range(count):
            s.sendto(b"%d" % number, (group, PORT))
            time.sleep(0.005)
    print(f"sent {count} packets to {group}")


def join(own, group, count):
    numbers = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((group, PORT))
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                     socket.inet_aton(group) + socket.inet_aton(own))
        print(f"joined {group}", flush=True)
        s.settimeout(60)  # for the first
        try:
            while True:
                numbers.append(int(s.recv(2000)))
                # Should one come twice, it comes soon.
                s.settimeout(0.5 if len(numbers) >= count else 5)
        except socket.timeout:
            pass
    print(f"heard {len(numbers)}, twice {len(numbers) - len(set(numbers))}")


{"send": send, "join": join}[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4]))
