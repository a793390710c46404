# SPDX-License-Identifier: BSD-3-Clause
"""A forward to two servers that are asked whether they live."""
import socket
import subprocess

from conftest import two_hosts
from lab import inside, wait_until

PYTHON = "/usr/bin/python3"
SERVERS = ["10.1.0.2", "10.1.0.3"]
CLIENTS = [f"10.2.0.{n}" for n in range(10, 40)]
WEB = {"name": "web", "type": "forward", "in": "right", "protocol": "tcp", "port": 8080,
       "to": [f"{server}:80" for server in SERVERS]}


class Farm:
    """Two servers behind one address, many clients before it."""

    def __init__(self, lab, health, ports=(80,)):
        self.net = two_hosts(lab)
        self.router = self.net.router
        self.net.client.ip("address", "add", f"{SERVERS[1]}/24", "dev", "eth")
        for client in CLIENTS:
            self.net.server.ip("address", "add", f"{client}/24", "dev", "eth")
        self.processes = {}
        for server in SERVERS:
            place = lab.directory / server
            place.mkdir()
            (place / "who").write_text(server)
            for port in ports:
                self.start(server, port, "--directory", place)
        web = {**WEB, "health": {"interval_s": 1, "fall": 2, "rise": 2, **health}}
        self.router.apply({**self.net.config, "nat": [web]})

    def wait_until_health_is(self, *conditions):
        wait_until(lambda: self.health() == list(conditions), f"known to be {conditions}", 20)

    def start(self, server, port, *more):
        self.processes[server, port] = self.net.client.spawn(
            PYTHON, "-m", "http.server", port, "--bind", server, *more,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        listening = f"{server}:{port}"
        wait_until(lambda: listening in self.net.client.run("ss", "-tln").stdout, "it listens")

    def stop(self, server, port):
        process = self.processes.pop((server, port))
        process.kill()
        process.wait()

    def answers(self):
        """Who answered each client; empty for nobody."""
        return {client: self.net.server.run("curl", "-s", "-m", 10, "--interface", client,
                                            "http://10.2.0.1:8080/who", check=False).stdout
                for client in CLIENTS}

    def health(self):
        (rule,) = self.router.show("nat")["rules"]
        return [target["health"] for target in rule["targets"]]

    def events(self):
        return [e["kind"] for e in self.router.show("events")["events"] if "target" in e["kind"]]


def test_a_server_that_is_stopped_gets_no_client_until_it_is_back(lab):
    farm = Farm(lab, {"probe": "tcp"})
    before = farm.answers()
    assert set(before.values()) == set(SERVERS)
    assert farm.health() == ["alive", "alive"]

    farm.stop(SERVERS[1], 80)
    farm.wait_until_health_is("alive", "dead")
    assert set(farm.answers().values()) == {SERVERS[0]}
    orphan = next(client for client, server in before.items() if server == SERVERS[1])
    said = farm.router.cli("explain", "--in", "right", "--src", orphan, "--dst", "10.2.0.1",
                           "--proto", "tcp", "--sport", 999, "--dport", 8080)
    assert SERVERS[0] in said["leaving"][0]["packet"], said
    assert "(dead)" in farm.router.cli_raw("show", "nat").stdout
    assert farm.events() == ["nat_target_died"]

    farm.start(SERVERS[1], 80, "--directory", lab.directory / SERVERS[1])
    farm.wait_until_health_is("alive", "alive")
    assert farm.answers() == before
    assert farm.events() == ["nat_target_died", "nat_target_revived"]


def test_the_sessions_of_a_dead_target_go_on(lab):
    farm = Farm(lab, {"probe": "tcp", "port": 9000}, ports=(80, 9000))
    of_the_second = next(client for client, server in farm.answers().items() if server == SERVERS[1])
    with inside(farm.net.server.namespace):
        connection = socket.create_connection(("10.2.0.1", 8080), 3, (of_the_second, 0))
    farm.stop(SERVERS[1], 9000)
    farm.wait_until_health_is("alive", "dead")
    connection.sendall(b"GET /who HTTP/1.0\r\n\r\n")
    connection.settimeout(3)
    answer = b""
    while data := connection.recv(4096):
        answer += data
    assert answer.endswith(SERVERS[1].encode())
    assert set(farm.answers().values()) == {SERVERS[0]}


def test_a_host_that_is_gone_is_found_dead_by_echo_and_stays_so_for_the_next_dataplane(lab):
    farm = Farm(lab, {"probe": "icmp"})
    farm.net.client.ip("address", "del", f"{SERVERS[1]}/24", "dev", "eth")
    farm.wait_until_health_is("alive", "dead")
    farm.router.kill(farm.router.dataplane)
    farm.router.start_dataplane()
    farm.router.wait_ready()
    assert farm.health() == ["alive", "dead"]
    farm.net.client.ip("address", "add", f"{SERVERS[1]}/24", "dev", "eth")
    farm.wait_until_health_is("alive", "alive")
