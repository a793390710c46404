# SPDX-License-Identifier: BSD-3-Clause
"""Frames put on a cable and taken from it, byte for byte; and streams that count their losses."""
import json
import pathlib
import signal
import socket
import subprocess
import time

from lab import Failed, inside, sleeps, wait_until

PYTHON = "/usr/bin/python3"
STREAM = pathlib.Path(__file__).with_name("stream.py")
# Without traffic after kill -9 of a dataplane, or of both processes. The next one forwards within a second
# or two; for the end of the last one the kernel of a busy machine may take seconds.
LONGEST_GAP_MS = 8000
_ETH_P_ALL = 3
_PACKET_OUTGOING = 4


class Wire:
    """A host's interface as raw frames. What the host itself sends there is not heard."""

    def __init__(self, host, interface):
        with inside(host.namespace):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
            self.socket.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
            self.socket.bind((interface, _ETH_P_ALL))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, frame):
        self.socket.send(bytes(frame))

    def frames(self, seconds):
        """Yields what arrives until so many seconds have passed, however late it is read."""
        end = time.monotonic() + seconds
        while True:
            self.socket.settimeout(max(0, end - time.monotonic()))
            try:
                frame, where = self.socket.recvfrom(70000)
            except (socket.timeout, BlockingIOError):
                return
            if where[2] != _PACKET_OUTGOING:
                yield frame

    def drain(self):
        return list(self.frames(0.0005))


def set_header(frame, at, value):
    """Writes into an Ethernet frame's IP header, and keeps the header's checksum true."""
    frame[at:at + len(value)] = value
    frame[24:26] = b"\0\0"
    total = sum(int.from_bytes(frame[i:i + 2], "big") for i in range(14, 34, 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    frame[24:26] = (total ^ 0xffff).to_bytes(2, "big")
    return frame


class Pace:
    """A breath after every so many frames, so that a flood is no faster than a cable."""

    def __init__(self, burst=64, pause=0.004):
        self.burst, self.pause, self.sent = burst, pause, 0

    def __call__(self):
        self.sent += 1
        if self.sent % self.burst == 0:
            time.sleep(self.pause)


class Loss:
    """What a stream lost, and for how long nothing of it arrived."""

    def __init__(self, sent, numbers, times_ns, icmp_errors, flows=1):
        self.sent = sent
        self.received = len(numbers)
        self.icmp_errors = icmp_errors
        present = set(numbers)
        self.duplicates = len(numbers) - len(present)
        self.missing = [n for n in range(sent) if n not in present]
        self.lost = len(self.missing)
        self.whole_at_the_end = sent - 1 - self.missing[-1] if self.missing else sent
        self.reordered = sum(1 for a, b in zip(numbers, numbers[1:]) if b < a)
        # Within each flow: packet n is of source port n modulo their number.
        self.overtaken = sum(
            sum(1 for a, b in zip(flow, flow[1:]) if b < a)
            for flow in ([n for n in numbers if n % flows == f] for f in range(flows)))
        gaps = [b - a for a, b in zip(times_ns, times_ns[1:])]
        self.longest_silence_ms = max(gaps, default=0) / 1e6

    def __str__(self):
        return (f"sent {self.sent}, received {self.received}, lost {self.lost}, "
                f"none of the last {self.whole_at_the_end}, "
                f"duplicates {self.duplicates}, reordered {self.reordered}, "
                f"longest silence {self.longest_silence_ms:.1f} ms")


class Stream:
    """Numbered UDP packets from one host to another while the block lasts.

    with Stream(client, server, "10.0.2.2") as stream: ...
    assert stream.loss.lost == 0
    """

    def __init__(self, source, target, address, rate=2000, port=7000, source_ports=1, last=None,
                 longest=60):
        self.source, self.target, self.address = source, target, address
        self.rate, self.port, self.longest = rate, port, longest
        self.more = [source_ports] + ([last] if last else [])
        self.loss = None

    def __enter__(self):
        self.receiver = self.target.spawn(PYTHON, "-SE", STREAM, "receive", self.port,
                                          stdout=subprocess.PIPE, text=True)
        if self.receiver.stdout.readline() != "ready\n":
            raise Failed("the receiver of the stream does not start")
        self.sender = self.source.spawn(PYTHON, "-SE", STREAM, "send", self.port, self.address,
                                        self.rate, self.longest, *self.more,
                                        stdout=subprocess.PIPE, text=True)
        if self.sender.stdout.readline() != "flowing\n":
            raise Failed("the sender of the stream does not start")
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.sender.kill()
            self.receiver.kill()
            return
        time.sleep(0.3)
        if self.sender.poll() is not None:
            raise Failed("the stream ended before the test did")
        self.sender.send_signal(signal.SIGTERM)
        sent = json.loads(self.sender.communicate(timeout=30)[0])
        time.sleep(0.3)  # what is under way
        self.receiver.send_signal(signal.SIGTERM)
        got = json.loads(self.receiver.communicate(timeout=30)[0])
        self.loss = Loss(sent["sent"], got["numbers"], got["times_ns"], sent["icmp_errors"],
                         self.more[0])


class Witness:
    """tcpdump on an interface; lines() ends it and returns what it saw."""

    def __init__(self, host, interface, expression):
        self.process = host.spawn("tcpdump", "-n", "-l", "-i", interface, "--immediate-mode",
                                  expression, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True)
        wait_until(lambda: "listening on" in self.process.stderr.readline(), "tcpdump listens")

    def lines(self):
        time.sleep(0.1)  # what is under way
        wait_until(lambda: sleeps(self.process), "tcpdump has read all")
        self.process.send_signal(signal.SIGINT)
        return [line for line in self.process.communicate(timeout=30)[0].splitlines() if line]
