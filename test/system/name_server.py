# SPDX-License-Identifier: BSD-3-Clause
"""name_server.py ADDRESS: a name server on UDP port 53 that knows one answer to all questions."""
import socket
import sys

address = socket.inet_aton(sys.argv[1])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("0.0.0.0", 53))
    print("ready", flush=True)
    while True:
        query, client = server.recvfrom(512)
        question = query[12:query.index(b"\0", 12) + 5]
        # An answer without an error (RFC 1035 4.1.1), whose name is a pointer to the question's.
        header = query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + address
        server.sendto(header + question + record, client)
