# SPDX-License-Identifier: BSD-3-Clause
"""A steady stream of numbered UDP packets, and the one who counts what arrives.

    stream.py receive PORT
    stream.py send PORT ADDRESS PACKETS_PER_SECOND SECONDS [SOURCE_PORTS [LAST_ADDRESS]]

Both print one JSON line at their end, which SIGTERM brings about early. The receiver's times are
the kernel's, taken when the packet arrived, so that a busy machine does not falsify them. Over
several SOURCE_PORTS the stream is many flows; up to LAST_ADDRESS it goes to many hosts in turn.
"""
import array
import ipaddress
import json
import signal
import socket
import struct
import sys
import time

SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
NUMBER = struct.Struct("!Q")
FIRST_OF_MANY = 20000  # source ports
stopped = False


def stop(*_):
    global stopped
    stopped = True


def receive(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    s.bind(("0.0.0.0", port))
    s.settimeout(0.1)
    print("ready", flush=True)
    numbers, times = array.array("Q"), array.array("Q")
    while True:
        try:
            data, extra, _, _ = s.recvmsg(64, 64)
        except socket.timeout:
            if stopped:
                break
            continue
        seconds, nanoseconds = struct.unpack("qq", extra[0][2][:16])
        numbers.append(NUMBER.unpack_from(data)[0])
        times.append(seconds * 1_000_000_000 + nanoseconds)
    print(json.dumps({"numbers": list(numbers), "times_ns": list(times)}), flush=True)


def socket_for(source_port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, 0x7 + 25, 4 << 20)  # SO_SNDBUFFORCE
    s.bind(("0.0.0.0", source_port))
    return s


def send(port, address, rate, seconds, source_ports=1, last=None):
    first = int(ipaddress.ip_address(address))
    last = int(ipaddress.ip_address(last)) if last else first
    targets = [(str(ipaddress.ip_address(a)), port) for a in range(first, last + 1)]
    # Many flows have the same ports each time, so that they are always spread alike over what shares them.
    sockets = [socket_for(FIRST_OF_MANY + n if source_ports > 1 else 0) for n in range(source_ports)]
    sent = refused = 0
    total = int(rate * seconds)
    # Who had to wait for a processor makes up for it by and by: a router's queue is not endless.
    most_at_once = max(1, int(rate * 0.004))
    flowing = False
    begin = time.monotonic()
    while sent < total and not stopped:
        past = time.monotonic() - begin
        if past > 0.2 and not flowing:
            flowing = True
            print("flowing", flush=True)
        due = min(total, int(past * rate) + 1, sent + most_at_once)
        while sent < due and not stopped:
            try:
                sockets[sent % source_ports].sendto(NUMBER.pack(sent),
                                                    targets[sent % len(targets)])
            except OSError:  # an ICMP error about an earlier packet; this one was not sent
                refused += 1
                continue
            sent += 1
        time.sleep(0.001)
    print(json.dumps({"sent": sent, "icmp_errors": refused}), flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    words = sys.argv[2:]
    if sys.argv[1] == "receive":
        receive(int(words[0]))
    else:
        send(int(words[0]), words[1], float(words[2]), float(words[3]),
             int(words[4]) if len(words) > 4 else 1, words[5] if len(words) > 5 else None)
