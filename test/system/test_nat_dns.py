# SPDX-License-Identifier: BSD-3-Clause
"""Bi-directional NAT by name (RFC 2694): dig outside asks dnsmasq inside, and reaches what it hears."""
import subprocess

import pytest

from conftest import two_hosts
from lab import wait_until

# The server's side is inside.
NAME_SERVER, HOST = "10.2.0.2", "10.2.0.70"
RULES = [{"name": "names", "type": "static", "in": "left", "out": "left", "external": "10.1.0.53",
          "internal": NAME_SERVER, "alg": ["dns"]},
         {"name": "hosts", "type": "dynamic", "out": "left", "from": "10.2.0.64/26",
          "to": "10.1.0.80-10.1.0.81"}]


@pytest.fixture
def net(lab):
    """The client knows its own network alone."""
    net = two_hosts(lab, nat=RULES)
    net.client.ip("route", "del", "default")
    net.server.ip("addr", "add", HOST + "/24", "dev", "eth")
    net.server.spawn("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root",
                     "--no-resolv", "--no-hosts", "--pid-file", "--bind-interfaces",
                     "--listen-address", NAME_SERVER, f"--address=/names.example/{NAME_SERVER}",
                     f"--address=/host.example/{HOST}", "--local-ttl=3600",
                     f"--host-record=names.example,{NAME_SERVER}",
                     stderr=subprocess.DEVNULL)
    wait_until(lambda: f"{NAME_SERVER}:53" in net.server.run("ss", "-uln").stdout, "dnsmasq listens")
    return net


def ask(net, name):
    """TTL and address."""
    line = net.client.run("dig", "+noall", "+answer", "+tries=1", "@10.1.0.53", name).stdout.split()
    return int(line[1]), line[4]


def ping(net, address):
    return net.client.run("ping", "-c", 1, "-W", 1, address, check=False).returncode == 0


def test_a_static_host_is_named_by_its_address_outside(net):
    assert ask(net, "names.example") == (3600, "10.1.0.53")


def test_a_host_that_is_asked_for_by_name_gets_an_address_and_is_reached_by_it(net):
    assert not any(ping(net, address) for address in ("10.1.0.80", "10.1.0.81"))
    ttl, address = ask(net, "host.example")
    assert ttl == 0 and address in ("10.1.0.80", "10.1.0.81")
    assert ping(net, address)
    assert ask(net, "host.example") == (0, address)


def test_an_address_outside_is_named_as_its_host_inside(net):
    said = net.client.run("dig", "+noall", "+question", "+answer", "+tries=1", "@10.1.0.53", "-x", "10.1.0.53").stdout
    question, answer = [line.split() for line in said.splitlines()]
    assert question[0] == ";53.0.1.10.in-addr.arpa." and question[-1] == "PTR", said
    assert (answer[0], answer[-1]) == ("53.0.1.10.in-addr.arpa.", "names.example."), said
