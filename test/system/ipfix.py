# SPDX-License-Identifier: BSD-3-Clause
"""An IPFIX collector, written from RFC 7011 and IANA's list alone.

As a program, `ipfix.py PORT FILE`, it writes down each message as a line of hex, and prints "ready".
"""
import ipaddress
import socket
import struct
import sys

NAMES = {4: "protocol", 7: "source_port", 8: "source", 11: "destination_port", 12: "destination",
         225: "post_source", 226: "post_destination", 227: "post_source_port",
         228: "post_destination_port", 230: "event", 283: "pool", 323: "time_ms",
         361: "first_port", 362: "last_port", 466: "quota", 471: "max_sessions", 473: "max_of_user"}
ADDRESSES = {8, 12, 225, 226}


class Message:
    """.sequence, .domain, .export_time, .records (dicts by NAMES); learns templates as it goes."""

    def __init__(self, data, templates):
        version, length, self.export_time, self.sequence, self.domain = struct.unpack_from("!HHIII", data)
        assert version == 10 and length == len(data), data.hex()
        self.records = []
        at = 16
        while at < length:
            number, size = struct.unpack_from("!HH", data, at)
            assert size >= 4 and at + size <= length, data.hex()
            content = data[at + 4:at + size]
            if number == 2:
                self._learn(content, templates)
            else:
                self._read(content, templates[number])
            at += size

    @staticmethod
    def _learn(content, templates):
        at = 0
        while at < len(content):
            number, count = struct.unpack_from("!HH", content, at)
            templates[number] = [struct.unpack_from("!HH", content, at + 4 + 4 * n) for n in range(count)]
            at += 4 + 4 * count

    def _read(self, content, template):
        at = 0
        while at < len(content):
            record = {}
            for element, size in template:
                value = int.from_bytes(content[at:at + size], "big")
                record[NAMES[element]] = (str(ipaddress.ip_address(value)) if element in ADDRESSES
                                          else value)
                at += size
            self.records.append(record)
        assert at == len(content)


def whole_lines(text):
    """Of a file that somebody still writes to."""
    return text[:text.rfind("\n") + 1].splitlines()


def messages(path):
    """Of a collector's file, in the order of their arrival. Records may come before their template."""
    with open(path) as file:
        lines = [bytes.fromhex(line) for line in whole_lines(file.read())]
    templates = {}
    for line in lines:
        if line[16:18] == b"\0\2":
            Message(line, templates)
    return [Message(line, templates) for line in lines]


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener, open(sys.argv[2], "w") as file:
        listener.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        listener.bind(("127.0.0.1", int(sys.argv[1])))
        print("ready", flush=True)
        while True:
            file.write(listener.recv(65536).hex() + "\n")
            file.flush()


if __name__ == "__main__":
    main()
