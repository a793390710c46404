# SPDX-License-Identifier: BSD-3-Clause
"""Many UDP flows of one packet each, and who they came from in the end.

flows.py send ADDRESS PORT FIRST COUNT RATE   from so many source ports, and ends
flows.py hear PORT                            prints "ready", and at SIGTERM the sources that it heard, as JSON
"""
import json
import signal
import socket
import sys
import time


def send(address, port, first, count, rate):
    begin = time.monotonic()
    for n in range(count):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
            flow.bind(("", first + n))
            flow.sendto(b"x", (address, port))
        time.sleep(max(0, begin + n / rate - time.monotonic()))


def hear(port):
    heard = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        listener.bind(("", port))
        signal.signal(signal.SIGTERM, lambda *_: (print(json.dumps(sorted(heard)), flush=True),
                                                  sys.exit()))
        print("ready", flush=True)
        while True:
            heard.add("%s:%d" % listener.recvfrom(100)[1])


if sys.argv[1] == "send":
    send(sys.argv[2], *map(int, sys.argv[3:]))
else:
    hear(int(sys.argv[2]))
