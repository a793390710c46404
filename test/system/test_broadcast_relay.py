# SPDX-License-Identifier: BSD-3-Clause
"""UDP broadcasts between two sites over a GRE tunnel, sent and answered by the hosts' own kernels.

    client ─ left WEST ══ GRE ══ EAST right ─ server
"""
import socket
import time

import pytest

from lab import inside, wait_until
from two_routers import CLIENT, EAST, SERVER, WEST, by_cable, two_routers

PORT, OTHER_PORT = 6112, 6113
IP_RECVTTL, IP_TTL, BIND_TO_DEVICE = 12, 2, 25


def sites(lab, relay=True):
    def side(port, local, remote, address, elsewhere):
        config = {"tunnels": {"over": {"type": "gre", "local": local, "remote": remote,
                                       "addresses": [address]}},
                  "routes": [{"prefix": elsewhere, "interface": "over"}]}
        if relay:
            config["broadcast_relay"] = {"interfaces": [port, "over"], "udp_ports": [PORT]}
        return config
    net = two_routers(lab, by_cable,
                      west=side("left", WEST, EAST, "172.31.0.1/30", "10.2.0.0/24"),
                      east=side("right", EAST, WEST, "172.31.0.2/30", "10.1.0.0/24"))
    for router in net.routers:
        wait_until(lambda r=router: r.show("tunnel", "over")["tunnels"][0]["condition"] == "up",
                   "the tunnel is up")
    return net


def endpoint(host, port):
    """A socket that sends broadcasts by the host's one device, and hears what comes to the port."""
    with inside(host.namespace):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    made.setsockopt(socket.SOL_SOCKET, BIND_TO_DEVICE, b"eth\0")
    made.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    made.bind(("0.0.0.0", port))
    return made


def heard_by(listener, silence=0.5):
    """(payload, sender's address, time to live) of all that comes until so long brings none."""
    heard = []
    listener.settimeout(silence)
    while True:
        try:
            payload, more, _, sender = listener.recvmsg(2000, 64)
        except socket.timeout:
            return heard
        heard.append((payload, sender[0], int.from_bytes(more[0][2], "little")))


@pytest.mark.parametrize("to", ("255.255.255.255", "10.1.0.255"))
def test_a_broadcast_is_heard_once_on_the_other_site_and_can_be_answered(lab, to):
    net = sites(lab)
    payloads = [b"%d" % n for n in range(20)]
    with endpoint(net.client, PORT) as client, endpoint(net.server, PORT) as server:
        for payload in payloads:
            client.sendto(payload, (to, PORT))
            time.sleep(0.002)
        assert heard_by(server) == [(payload, CLIENT, 62) for payload in payloads]
        heard_by(client)  # what it has said itself
        server.sendto(b"here", (CLIENT, PORT))
        assert heard_by(client) == [(b"here", SERVER, 62)]
        assert heard_by(server) == [], "nothing comes round"
    assert net.west.tallies()["broadcasts_relayed"] == len(payloads)
    assert net.east.tallies()["broadcasts_relayed"] == len(payloads)
    assert net.east.show("multicast")["broadcast_relay"]["copies"] == len(payloads)


def test_what_was_not_asked_for_stays_where_it_is(lab):
    net = sites(lab)
    with endpoint(net.client, OTHER_PORT) as client, endpoint(net.server, OTHER_PORT) as server:
        client.sendto(b"not for you", ("255.255.255.255", OTHER_PORT))
        assert heard_by(server) == []
    with endpoint(net.client, PORT) as client, endpoint(net.server, PORT) as server:
        client.setsockopt(socket.IPPROTO_IP, IP_TTL, 1)
        client.sendto(b"not far", ("255.255.255.255", PORT))
        assert heard_by(server) == []
    assert net.west.tallies()["broadcasts_relayed"] == 0


def test_no_router_relays_by_itself(lab):
    net = sites(lab, relay=False)
    with endpoint(net.client, PORT) as client, endpoint(net.server, PORT) as server:
        client.sendto(b"anybody?", ("255.255.255.255", PORT))
        assert heard_by(server) == []


def test_explain_and_show_say_where_a_broadcast_goes(lab):
    net = sites(lab)
    told = net.west.cli_raw("explain", "--in", "left", "--dst", "255.255.255.255", "--proto", "udp",
                            "--dport", str(PORT)).stdout
    assert "a copy by over" in told, told
    shown = net.west.cli_raw("show", "multicast").stdout
    assert f"broadcasts to UDP port {PORT} are relayed between left and over" in shown, shown
