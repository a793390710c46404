# SPDX-License-Identifier: BSD-3-Clause
"""What real Linux hosts see of the router, over AF_PACKET."""
import json
import re
import time

import pytest

from lab import all_came, wait_until
from router import Router, af_packet
from wire import Stream, Witness


@pytest.fixture(scope="module")
def net(shared_net):
    return shared_net


def test_hosts_on_both_sides_ping_each_other_through_the_router(net):
    out = net.client.run("ping", "-c", 20, "-i", 0.01, "-W", 2, "10.2.0.2").stdout
    assert all_came(out) and "ttl=63" in out


def test_the_router_answers_pings_to_each_of_its_addresses_from_either_side(net):
    for address in ("10.1.0.1", "10.2.0.1"):
        for host in (net.client, net.server):
            out = host.run("ping", "-c", 3, "-i", 0.01, "-W", 2, address).stdout
            assert all_came(out) and "ttl=64" in out


def test_arping_finds_the_router_at_the_address_of_that_network(net):
    out = net.client.run("arping", "-c", 2, "-I", "eth", "10.1.0.1").stdout
    assert "Received 2 response" in out
    assert net.router.interface("left")["got"]["mac"] in out.lower()


def test_arping_for_an_address_of_the_other_network_is_not_answered(net):
    out = net.client.run("arping", "-c", 1, "-w", 1, "-I", "eth", "10.2.0.1", check=False).stdout
    assert "Received 0 response" in out


def test_arping_sees_no_duplicate_of_the_routers_address(net):
    out = net.client.run("arping", "-D", "-c", 1, "-w", 1, "-I", "eth", "10.1.0.77").stdout
    assert "Received 0 response" in out


@pytest.mark.parametrize("method", ["--udp", "--icmp", "--tcp"])
def test_the_router_is_one_hop_in_a_traceroute(net, method):
    out = net.client.run("traceroute", "-n", "-q", 2, "-w", 2, method, "10.2.0.2").stdout
    hops = out.splitlines()[1:]
    assert hops[0].split()[1] == "10.1.0.1" and "*" not in hops[0]
    assert hops[1].split()[1] == "10.2.0.2"
    assert len(hops) == 2


def test_a_tcp_transfer_crosses_the_router_without_a_checksum_error(net, figure):
    net.server.spawn("iperf3", "-s", "-1", stdout=-3)
    wait_until(lambda: ":5201" in net.server.run("ss", "-tln").stdout, "iperf3 listens")
    out = net.client.run("iperf3", "-c", "10.2.0.2", "-t", 3, "-J", timeout=60).stdout
    received = json.loads(out)["end"]["sum_received"]
    figure("iperf3, one TCP flow over AF_PACKET, Mbit/s", f"{received['bits_per_second'] / 1e6:.0f}")
    assert received["bytes"] > 20_000_000
    assert "ip_bad_checksum" not in net.router.drops()


def test_an_http_download_arrives_whole(net, lab):
    content = lab.directory / "content"
    content.write_bytes(bytes(range(256)) * 8192)
    net.server.spawn("/usr/bin/python3", "-m", "http.server", 8000, cwd=lab.directory, stdout=-3,
                     stderr=-3)
    wait_until(lambda: ":8000" in net.server.run("ss", "-tln").stdout, "the server listens")
    net.client.run("curl", "-sf", "-o", lab.directory / "got", "http://10.2.0.2:8000/content")
    assert (lab.directory / "got").read_bytes() == content.read_bytes()


@pytest.mark.parametrize("size", [1472, 1473, 8000, 65507 - 20])
def test_a_ping_in_fragments_to_the_router_is_put_together_and_answered(net, size):
    out = net.client.run("ping", "-c", 3, "-i", 0.05, "-W", 2, "-s", size, "10.1.0.1").stdout
    assert all_came(out)


def test_a_ping_of_64_kib_to_the_router_is_answered_with_what_was_sent(net):
    # 65507 bytes of data, the 8 of ICMP and the 20 of IP make 65535: the most there is.
    out = net.client.run("ping", "-c", 3, "-i", 0.1, "-W", 2, "-s", 65507, "-p", "c3a5",
                         "10.1.0.1").stdout
    assert all_came(out) and "wrong data" not in out


def test_fragments_are_forwarded_as_they_are(net):
    out = net.client.run("ping", "-c", 3, "-i", 0.05, "-W", 2, "-s", 65507, "10.2.0.2").stdout
    assert all_came(out)


def test_a_host_that_is_not_there_is_reported_as_unreachable(net):
    out = net.client.run("ping", "-c", 2, "-i", 0.2, "-W", 5, "10.2.0.99", check=False).stdout
    assert "From 10.1.0.1 icmp_seq=1 Destination Host Unreachable" in out


def test_a_network_that_no_route_covers_is_reported_as_unreachable(net):
    out = net.client.run("ping", "-c", 1, "-W", 2, "198.51.100.1", check=False).stdout
    assert "From 10.1.0.1 icmp_seq=1 Destination Net Unreachable" in out


def test_tcpdump_sees_frames_of_at_least_60_bytes_and_true_checksums(net):
    witness = Witness(net.server, "eth", "icmp and icmp[icmptype] == icmp-echo")
    net.client.run("ping", "-c", 5, "-i", 0.01, "10.2.0.2")
    assert len(witness.lines()) == 5
    drops = net.router.drops()
    assert not {"ip_bad_checksum", "ip_bad_total_length", "icmp_malformed"} & set(drops), drops


def test_every_interface_says_what_was_asked_and_what_was_got(net):
    net.client.run("ping", "-c", 1, "10.2.0.2")
    for name, address in (("left", "10.1.0.1/24"), ("right", "10.2.0.1/24")):
        shown = net.router.interface(name)
        assert shown["condition"] == "up"
        assert shown["asked"]["addresses"] == [address]
        assert shown["got"]["driver"] == "net_af_packet" and shown["got"]["mtu"] == 1500
        assert shown["counters"]["rx_packets"] > 0 and shown["counters"]["tx_packets"] > 0


def test_every_interface_says_how_fast_packets_come_and_go(net):
    def a_thousand():
        left, right = (net.router.interface(name)["rates"] for name in ("left", "right"))
        both = (left["rx_packets_per_s"], right["tx_packets_per_s"])
        return all(900 < shown < 1100 for shown in both) and (left, right)

    with Stream(net.client, net.server, "10.2.0.2", rate=1000):
        left, right = wait_until(a_thousand, "a thousand packets a second are shown on either side")
    # 8 bytes of data and 42 of headers, which a real device would pad to 60; a division of rates may miss it by a rounding.
    assert 49.9 * 8 < left["rx_bits_per_s"] / left["rx_packets_per_s"] < 60.1 * 8, left
    assert 49.9 * 8 < right["tx_bits_per_s"] / right["tx_packets_per_s"] < 60.1 * 8, right
    assert right["rx_packets_per_s"] < 50, right


def test_show_route_names_the_neighbour_that_a_packet_would_go_to(net):
    net.client.run("ping", "-c", 1, "10.2.0.2")
    shown = net.router.route("10.2.0.2")
    assert shown["prefix"] == "10.2.0.0/24" and shown["reached"]
    assert net.server.mac("eth") in json.dumps(shown)


# The hosts' side of both cables takes 9001; the far network is small in the last two.

def jumbo_net(lab, server_mtu):
    client, server, middle = lab.host("client"), lab.host("server"), lab.host("router")
    lab.cable(client, "eth", middle, "left", mtu=9001)
    lab.cable(server, "eth", middle, "right", mtu=server_mtu)
    client.address("eth", "10.1.0.2/24", gateway="10.1.0.1")
    server.address("eth", "10.2.0.2/24", gateway="10.2.0.1")
    router = Router(lab, middle).start({"dataplane": {"workers": 1}, "interfaces": {
        "left": {"device": af_packet("left", 0), "addresses": ["10.1.0.1/24"], "mtu": 9001},
        "right": {"device": af_packet("right", 1), "addresses": ["10.2.0.1/24"],
                  "mtu": server_mtu}}})
    return client, server, router


def test_a_jumbo_packet_of_9001_bytes_is_forwarded_whole(lab):
    client, server, router = jumbo_net(lab, 9001)
    assert router.interface("left")["got"]["mtu"] == 9001
    witness = Witness(server, "eth", "icmp and icmp[icmptype] == icmp-echo")
    out = client.run("ping", "-c", 3, "-i", 0.05, "-W", 2, "-M", "do", "-s", 9001 - 28,
                     "10.2.0.2").stdout
    assert all_came(out)
    assert all("length 8981" in line for line in witness.lines())


def test_tracepath_finds_the_path_mtu_behind_the_router(lab):
    client, _, _ = jumbo_net(lab, 1500)
    out = client.run("tracepath", "-n", "-m", 4, "10.2.0.2").stdout
    assert re.search(r"10\.1\.0\.1 .*\n?.*pmtu 1500", out)
    assert "Resume: pmtu 1500" in out and "reached" in out
    # Not only tracepath believes it: the kernel's own TCP and UDP do now too.
    assert "mtu 1500" in client.ip("route", "get", "10.2.0.2").stdout


def test_what_may_be_fragmented_is_fragmented_into_a_smaller_network(lab):
    client, server, _ = jumbo_net(lab, 1500)
    # For a neighbour that is not known yet fewer packets wait than this is fragments.
    client.run("ping", "-c", 1, "10.2.0.2")
    out = client.run("ping", "-c", 3, "-i", 0.05, "-W", 2, "-M", "dont", "-s", 8000,
                     "10.2.0.2").stdout
    assert all_came(out)


def test_path_mtu_discovery_works_between_1500_and_1280(lab):
    client, server, middle = lab.host("client"), lab.host("server"), lab.host("router")
    lab.cable(client, "eth", middle, "left")
    lab.cable(server, "eth", middle, "right", mtu=1280)
    client.address("eth", "10.1.0.2/24", gateway="10.1.0.1")
    server.address("eth", "10.2.0.2/24", gateway="10.2.0.1")
    Router(lab, middle).start({"dataplane": {"workers": 1}, "interfaces": {
        "left": {"device": af_packet("left", 0), "addresses": ["10.1.0.1/24"]},
        "right": {"device": af_packet("right", 1), "addresses": ["10.2.0.1/24"], "mtu": 1280}}})
    out = client.run("tracepath", "-n", "-m", 4, "10.2.0.2").stdout
    assert "Resume: pmtu 1280" in out and "reached" in out
