# SPDX-License-Identifier: BSD-3-Clause
"""Captures, and what tshark reads in them: a program that shares no line with the router."""
import signal
import subprocess
import time

from lab import sleeps, wait_until

# A checksum's status is 0 where it is wrong; 0x800000 is an error's severity, 0x600000 a warning's.
# Linux writes the checksum 0 of TCP as 0xffff, once in 65,536 segments, which tshark counts as wrong.
WRONG = ("_ws.malformed or _ws.expert.severity >= 0x800000 or ip.checksum.status == 0 "
         "or gre.checksum.status == 0 or udp.checksum.status == 0 or igmp.checksum.status == 0 "
         "or (tcp.checksum.status == 0 and not tcp.checksum.ffff)")
# Not where hosts speak TCP: that one resets a connection or hears something twice is a warning.
COMPLAINTS = f"{WRONG} or _ws.expert.severity >= 0x600000"


def tshark(capture, *words):
    """The lines that it says, all checksums looked at. Of TCP no connection is followed, and none of
    its content read: random bytes look like a broken Thrift once in 100,000 segments."""
    checks = [word for name in ("ip", "udp", "tcp")
              for word in ("-o", f"{name}.check_checksum:TRUE")]
    return subprocess.run(["tshark", "-r", capture, "-d", "tcp.port==0-65535,data", *checks, "-o",
                           "tcp.analyze_sequence_numbers:FALSE", *words],
                          capture_output=True, text=True, check=True).stdout.splitlines()


class Capture:
    """All that an interface carries while the block lasts is in the file afterwards."""

    def __init__(self, host, interface, path):
        self.command = (host, "tcpdump", "-i", interface, "--immediate-mode", "-Z", "root", "-U",
                        "-w", path)

    def __enter__(self):
        host, *words = self.command
        self.process = host.spawn(*words, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: "listening on" in self.process.stderr.readline(), "tcpdump listens")
        return self

    def __exit__(self, *_):
        time.sleep(0.5)  # what is under way
        wait_until(lambda: sleeps(self.process), "tcpdump has read all")
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=30)
