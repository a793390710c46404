# SPDX-License-Identifier: BSD-3-Clause
"""GRE in UDP between two routers (RFC 8086), on a cable where tshark reads along."""
import collections
import contextlib
import json
import subprocess

from dissect import WRONG, Capture, tshark
from lab import wait_until
from test_tunnels import IN_UDP, all_came, joined, ping
from two_routers import SERVER

FLOWS = 8
PORT = IN_UDP["udp_port"]


def transfer(net):
    net.server.spawn("iperf3", "-s", "-1", stdout=subprocess.DEVNULL)
    wait_until(lambda: ":5201" in net.server.run("ss", "-tln").stdout, "iperf3 listens")
    said = net.client.run("iperf3", "-c", SERVER, "-P", FLOWS, "-n", "8M", "-J", timeout=60).stdout
    return json.loads(said)["end"]["sum_received"]["bytes"]


def ports_of_flows(capture):
    """The source ports that each TCP connection inside had outside."""
    # Of each field the first: the outer header's, but for TCP, which is inside.
    fields = ["udp.srcport", "udp.checksum", "tcp.srcport", "tcp.dstport"]
    ports = collections.defaultdict(set)
    for row in tshark(capture, "-Y", "gre and tcp", "-T", "fields", "-E", "occurrence=f",
                      *(word for field in fields for word in ("-e", field))):
        outer, checksum, *inner = row.split("\t")
        assert int(outer) >= 49152 and int(checksum, 16) == 0
        ports[tuple(inner)].add(outer)
    return ports


def test_each_flow_has_a_source_port_of_its_own_and_all_dissects_cleanly(lab):
    net = joined(lab, IN_UDP)
    wait_until(lambda: all_came(ping(net, count=1)), "the first packets cross")
    # A device of this kind shows a capture what it receives, and not what it sends.
    captures = {router: lab.directory / f"{router.host.name}.pcap" for router in net.routers}
    with contextlib.ExitStack() as stack:
        for router, path in captures.items():
            stack.enter_context(Capture(router.host, "between", path))
        assert all_came(ping(net))
        assert all_came(ping(net, "-s", 1472, "-M", "dont")), "in fragments"
        assert transfer(net) > 1_000_000

    for router, path in captures.items():
        assert tshark(path, "-Y", WRONG) == []
        assert tshark(path, "-Y", f"ip and not udp.dstport == {PORT}") == []
        assert len(tshark(path, "-Y", "gre and icmp")) >= 10
        ports = ports_of_flows(path)
        assert len(ports) == FLOWS + 1, "with the connection that iperf3 speaks by"
        assert all(len(of_one) == 1 for of_one in ports.values()), ports
        assert len(set.union(*ports.values())) >= FLOWS, "two of nine may meet by chance"
        assert not {reason: packets for reason, packets in router.drops().items()
                    if packets > 0 and reason.startswith(("tunnel", "gre"))}
