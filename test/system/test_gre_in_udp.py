# SPDX-License-Identifier: BSD-3-Clause
"""GRE in UDP between two routers (RFC 8086), on a cable where tshark reads along."""
import collections
import json
import subprocess

from dissect import COMPLAINTS, Capture, tshark
from lab import wait_until
from test_tunnels import IN_UDP, all_came, joined, ping
from two_routers import EAST, SERVER, WEST

FLOWS = 8
PORT = IN_UDP["udp_port"]


def transfer(net):
    net.server.spawn("iperf3", "-s", "-1", stdout=subprocess.DEVNULL)
    wait_until(lambda: ":5201" in net.server.run("ss", "-tln").stdout, "iperf3 listens")
    said = net.client.run("iperf3", "-c", SERVER, "-P", FLOWS, "-n", "2M", "-J", timeout=30).stdout
    return json.loads(said)["end"]["sum_received"]["bytes"]


def test_each_flow_has_a_source_port_of_its_own_and_all_dissects_cleanly(lab):
    net = joined(lab, IN_UDP)
    wait_until(lambda: all_came(ping(net, count=1)), "the first packets cross", 5)
    capture = lab.directory / "between.pcap"
    with Capture(net.west.host, "between", capture):
        assert all_came(ping(net))
        assert all_came(ping(net, "-s", 1472, "-M", "dont")), "in fragments"
        assert transfer(net) > 1_000_000

    assert tshark(capture, "-Y", COMPLAINTS) == []
    assert tshark(capture, "-Y", f"ip and not udp.dstport == {PORT}") == []
    assert tshark(capture, "-Y", "gre and icmp") != []
    # Of each field the first: the outer header's, but for TCP, which is inside.
    fields = ["ip.src", "ip.dst", "udp.srcport", "udp.checksum", "tcp.srcport", "tcp.dstport"]
    rows = tshark(capture, "-Y", "gre and tcp", "-T", "fields", "-E", "occurrence=f",
                  *(word for field in fields for word in ("-e", field)))
    ports = collections.defaultdict(set)
    for row in rows:
        source, target, outer, checksum, *inner = row.split("\t")
        assert {source, target} == {WEST, EAST}
        assert int(outer) >= 49152 and int(checksum, 16) == 0
        ports[source, *inner].add(outer)
    assert len(ports) == 2 * (FLOWS + 1), "with the connection that iperf3 speaks by"
    assert all(len(of_one) == 1 for of_one in ports.values()), ports
    assert len(set.union(*ports.values())) >= 2 * FLOWS, "two of 18 may meet by chance"
    for router in net.routers:
        assert not {reason: packets for reason, packets in router.drops().items()
                    if packets > 0 and reason.startswith(("tunnel", "gre"))}
