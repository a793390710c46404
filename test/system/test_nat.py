# SPDX-License-Identifier: BSD-3-Clause
"""Address translation with real hosts, and what outlives the death of the dataplane."""
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import time

import pytest

from conftest import two_hosts
from lab import wait_until
from router import sleep_ms
from wire import Witness

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
SERVER, OUTSIDE = "10.2.0.2", "10.2.0.1"
KILLS = int(os.environ.get("SLUICE_KILLS", "5"))

INTERNET = {"name": "internet", "type": "source", "out": "right", "from": "10.1.0.0/24",
            "to": "interface"}


@pytest.fixture
def net(lab):
    """The client is behind the router's address on the server's side, which knows no way to it."""
    net = two_hosts(lab, nat=[INTERNET])
    net.server.ip("route", "del", "default")
    return net


class Transfers:
    """with Transfers(net, 100) as transfers: ...; transfers.fate is what became of them."""

    def __init__(self, net, connections, port=7100):
        self.net, self.connections, self.port = net, connections, port
        self.fate = None

    def __enter__(self):
        script = str(HERE / "transfers.py")
        self.server = self.net.server.spawn(PYTHON, script, "serve", self.port,
                                            stdout=subprocess.PIPE, text=True)
        assert self.server.stdout.readline() == "ready\n"
        self.client = self.net.client.spawn(PYTHON, script, "run", self.port, SERVER,
                                            self.connections, stdout=subprocess.PIPE, text=True)
        assert self.client.stdout.readline() == "ready\n"
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.client.send_signal(signal.SIGTERM)
            self.fate = json.loads(self.client.communicate(timeout=20)[0])
        self.client.kill()
        self.server.kill()


def ping(net, address=SERVER, count=3):
    out = net.client.run("ping", "-c", count, "-i", 0.01, "-W", 1, address, check=False).stdout
    return " 0% packet loss" in out


def sessions(net):
    lines = net.router.cli_raw("show", "sessions", "--limit", 0, "--json").stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_ping_goes_through_and_the_server_sees_the_routers_address(net):
    assert ping(net)
    witness = Witness(net.server, "eth", "icmp[0] == 8")
    assert ping(net)
    lines = witness.lines()
    assert lines and all(f"{OUTSIDE} > {SERVER}" in line for line in lines)


def test_tcp_goes_through_and_ports_change_while_sequence_numbers_do_not(net):
    inside = Witness(net.client, "eth", "tcp[13] == 2")
    outside = Witness(net.server, "eth", "tcp[13] == 2")
    with Transfers(net, 1) as transfers:
        time.sleep(1)
    assert transfers.fate["whole"] == 1
    number = re.compile(r"seq (\d+)")
    assert [number.search(l).group(1) for l in inside.lines()] == \
        [number.search(l).group(1) for l in outside.lines()]


def test_a_path_mtu_error_from_beyond_reaches_the_host_inside(net):
    assert ping(net)
    net.router.apply({**net.config, "interfaces": {
        **net.config["interfaces"],
        "right": {**net.config["interfaces"]["right"], "mtu": 1000}}})
    out = net.client.run("ping", "-c", 2, "-M", "do", "-s", 1200, "-W", 1, SERVER, check=False).stdout
    assert "mtu = 1000" in out or "mtu=1000" in out


def test_a_port_forward_lets_the_outside_in(net):
    net.router.apply({**net.config, "nat": [INTERNET, {
        "name": "web", "type": "forward", "in": "right", "protocol": "tcp", "port": 8080,
        "to": "10.1.0.2:80"}]})
    net.client.spawn(PYTHON, "-m", "http.server", "80", stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL)
    def page():
        return net.server.run("curl", "-s", "-m", 2, f"http://{OUTSIDE}:8080/",
                              check=False).stdout
    wait_until(lambda: "Directory listing" in page(), "the forwarded page")


def test_killing_the_dataplane_at_random_moments_breaks_no_connection(net, figure):
    with Transfers(net, 1000) as transfers:
        for _ in range(KILLS):
            sleep_ms(random.randint(0, 300))
            net.router.kill(net.router.dataplane)
            net.router.start_dataplane()
            net.router.wait_ready()
        time.sleep(3)  # the slowest retransmission after the last death
    figure(f"of 1000 TCP connections through NAT whole after {KILLS} kill -9 of the dataplane",
           transfers.fate["whole"])
    assert transfers.fate == {"whole": 1000, "reset": 0, "wrong": 0, "stuck": 0}
    assert "refused=0" in net.router.log()
    assert not re.search(r"event=sessions_adopted.* refused=[1-9]", net.router.log())


def test_a_change_of_other_rules_leaves_sessions_alone(net):
    with Transfers(net, 50) as transfers:
        net.router.apply({**net.config, "nat": [
            {"name": "first", "type": "exempt", "from": "10.1.0.77"}, INTERNET]})
        time.sleep(1)
    assert transfers.fate == {"whole": 50, "reset": 0, "wrong": 0, "stuck": 0}


def test_cleared_sessions_end_and_explain_knows_those_that_live(net):
    net.client.run("ping", "-c", 1, "-e", 4321, SERVER)
    assert [row["protocol"] for row in sessions(net)] == ["icmp"]
    said = net.router.cli("explain", "--in", "left", "--src", "10.1.0.2", "--dst", SERVER)
    assert OUTSIDE in json.dumps(said["leaving"])
    net.router.do("nat", "clear", "--all")
    assert sessions(net) == []
