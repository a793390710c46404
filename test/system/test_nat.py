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
from lab import all_came, wait_until
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

    def __init__(self, net, connections, port=7100, server=SERVER):
        self.net, self.connections, self.port, self.address = net, connections, port, server
        self.fate = None

    def __enter__(self):
        script = str(HERE / "transfers.py")
        self.server = self.net.server.spawn(PYTHON, script, "serve", self.port,
                                            stdout=subprocess.PIPE, text=True)
        assert self.server.stdout.readline() == "ready\n"
        self.client = self.net.client.spawn(PYTHON, script, "run", self.port, self.address,
                                            self.connections, stdout=subprocess.PIPE, text=True)
        assert self.client.stdout.readline() == "ready\n"
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.client.send_signal(signal.SIGTERM)
            self.fate = json.loads(self.client.communicate(timeout=30)[0])
        self.client.kill()
        self.server.kill()


def ping(net, address=SERVER, count=3):
    out = net.client.run("ping", "-c", count, "-i", 0.01, "-W", 1, address, check=False).stdout
    return all_came(out)


def sessions(net, *which):
    lines = net.router.cli_raw("show", "sessions", "--limit", 0, "--json", *which).stdout.splitlines()
    return [json.loads(line) for line in lines]


def nat_rule(net, name="internet"):
    (rule,) = [rule for rule in net.router.show("nat")["rules"] if rule["name"] == name]
    return rule


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
        time.sleep(3 if KILLS < 20 else 60)  # the slowest retransmission after the last death
    figure(f"of 1000 TCP connections through NAT whole after {KILLS} kill -9 of the dataplane",
           transfers.fate["whole"])
    assert transfers.fate == {"whole": 1000, "reset": 0, "wrong": 0, "stuck": 0}
    assert "refused=0" in net.router.log()
    assert not re.search(r"event=sessions_adopted.* refused=[1-9]", net.router.log())


def another_build(program, directory):
    """The program as the next release that leaves the memories as they are."""
    text = program.read_bytes()
    assert text.count(b"sluice 0.1.0") > 0
    other = directory / program.name
    other.write_bytes(text.replace(b"sluice 0.1.0", b"sluice 0.1.9"))
    other.chmod(0o755)
    return other


def test_an_upgrade_of_both_programs_breaks_no_connection(net, tmp_path):
    router = net.router
    with Transfers(net, 200) as transfers:
        router.stop()
        router.control_program = another_build(router.control_program, tmp_path)
        router.dataplane_program = another_build(router.dataplane_program, tmp_path)
        router.start_control()
        router.start_dataplane()
        router.wait_ready()
        time.sleep(3)
    assert router.status()["control"]["version"] == "sluice 0.1.9"
    assert re.search(r'event=started .*version="sluice 0.1.9".* state=found', router.log())
    assert re.findall(r"event=sessions_adopted kept=(\d+) .* refused=0", router.log())[-1] == "200"
    assert transfers.fate == {"whole": 200, "reset": 0, "wrong": 0, "stuck": 0}


def test_rules_are_added_changed_and_removed_and_only_their_own_sessions_end(net):
    """With traffic flowing by two rules; the one that changes tells hosts whose connections it forgot."""
    other_server = "10.2.0.3"
    net.server.address("eth", other_server + "/24")
    first = {"name": "first", "type": "exempt", "from": "10.1.0.77"}
    kept = {**INTERNET, "name": "kept", "destination": SERVER + "/32"}
    changed = {**INTERNET, "name": "changed", "destination": other_server + "/32", "on_expired": "rst"}

    def apply(*rules):
        net.router.apply({**net.config, "nat": list(rules)})

    def who(rule):
        return sorted((row["internal"], row["external"]) for row in sessions(net, "--rule", rule))

    apply(kept, changed)
    with Transfers(net, 50) as those_kept:
        before = who("kept")
        with Transfers(net, 20, 7200, other_server) as those_changed:
            also_before = who("changed")
            apply(first, changed, kept)
            assert (who("kept"), who("changed")) == (before, also_before)
            apply(first, kept, {**changed, "ports": "30000-39999"})
            wait_until(lambda: not who("changed"), "the changed rule's sessions have ended")
            time.sleep(2)
        assert those_changed.fate == {"whole": 0, "reset": 20, "wrong": 0, "stuck": 0}
        net.router.kill(net.router.dataplane)
        apply(kept)
        net.router.start_dataplane()
        net.router.wait_ready()
        time.sleep(2)
        assert who("kept") == before
    assert those_kept.fate == {"whole": 50, "reset": 0, "wrong": 0, "stuck": 0}


IDLE = f"""import socket, sys
s = socket.create_connection(("{SERVER}", 7100), 3)
s.settimeout(5)
print("ready", flush=True)
sys.stdin.readline()
s.sendall(b"still there")
print(s.recv(100).decode(), flush=True)
"""
FORGE = f"""import sys
from scapy.layers.inet import IP, TCP
from scapy.sendrecv import send
for sequence in (1, 1 << 31):
    send(IP(src="{SERVER}", dst="{OUTSIDE}") / TCP(sport=7100, dport=int(sys.argv[1]), seq=sequence, flags="R"), verbose=0)
"""


def test_a_forged_reset_ends_no_connection_however_idle_that_is(lab):
    net = two_hosts(lab, nat=[INTERNET], sessions={"tcp_transitory_s": 8})
    net.server.ip("route", "del", "default")
    server = net.server.spawn(PYTHON, HERE / "transfers.py", "serve", 7100, stdout=subprocess.PIPE, text=True)
    assert server.stdout.readline() == "ready\n"
    client = net.client.spawn(PYTHON, "-c", IDLE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert client.stdout.readline() == "ready\n"

    def session():
        (row,) = sessions(net, "--protocol", "tcp")
        return row

    net.server.run(PYTHON, "-c", FORGE, session()["external"].partition(":")[2])
    wait_until(lambda: session()["state"] == "in_doubt", "the session is in doubt")
    wait_until(lambda: session()["state"] == "established", "the host inside has said that it is open")
    time.sleep(10)
    client.stdin.write("\n")
    client.stdin.flush()
    assert client.stdout.readline() == "still there\n"
    client.kill()
    server.kill()


def test_cleared_sessions_end_and_explain_knows_those_that_live(net):
    net.client.run("ping", "-c", 1, "-e", 4321, SERVER)
    assert [row["protocol"] for row in sessions(net)] == ["icmp"]
    said = net.router.cli("explain", "--in", "left", "--src", "10.1.0.2", "--dst", SERVER)
    assert OUTSIDE in json.dumps(said["leaving"])
    net.router.do("nat", "clear", "--all")
    assert sessions(net) == []


def test_show_sessions_tells_who_speaks_to_whom_and_as_whom(net):
    net.client.run("ping", "-c", 1, "-e", 4321, SERVER)
    with Transfers(net, 1):
        rows = {row["protocol"]: row for row in sessions(net)}
        assert set(rows) == {"tcp", "icmp"}
        assert rows["icmp"]["internal"] == "10.1.0.2:4321"
        assert rows["icmp"]["external"].startswith(OUTSIDE + ":")
        assert rows["tcp"]["remote"] == SERVER + ":7100" and rows["tcp"]["state"] == "established"
        assert rows["tcp"]["rule"] == "internet" and rows["tcp"]["age_s"] < 30


def test_show_sessions_shows_those_that_match_all_that_is_asked(net):
    def kinds(*which):
        return sorted(row["protocol"] for row in sessions(net, *which))

    # Neither of the ports asked for below, nor of those that the client's kernel takes.
    net.router.apply({**net.config, "nat": [{**INTERNET, "ports": "10000-29999"}]})
    net.client.run("ping", "-c", 1, "-e", 4321, SERVER)
    with Transfers(net, 3):
        all_of_them = ["icmp", "tcp", "tcp", "tcp"]
        assert kinds() == kinds("--rule", "internet") == kinds("--external", OUTSIDE) == all_of_them
        assert kinds("--address", "10.1.0.0/24") == kinds("--address", SERVER) == all_of_them
        assert kinds("--protocol", "tcp") == kinds("--port", 7100) == ["tcp"] * 3
        assert kinds("--protocol", "tcp", "--port", 4321) == kinds("--address", "10.1.0.3") == []
        one = sessions(net, "--protocol", "tcp")[0]
        assert len(sessions(net, "--port", one["external"].partition(":")[2])) == 1
        text = net.router.cli_raw("show", "sessions", "--limit", 2).stdout.splitlines()
        assert len(text) == 4 and "more" in text[-1]
        assert net.router.cli_raw("show", "sessions", "--rule", "nobody").returncode != 0


def test_show_nat_counts_sessions_packets_and_ports_in_use(net):
    assert nat_rule(net)["packets"] == 0
    net.client.run("ping", "-c", 5, "-i", 0.01, "-e", 4321, SERVER)
    net.client.run("ping", "-c", 1, "-e", 4322, SERVER)
    wait_until(lambda: nat_rule(net)["packets"] == 12, "all answers are back")
    rule = nat_rule(net)
    assert (rule["sessions"], rule["refused"], rule["packets"]) == (2, 0, 12)
    (address,) = net.router.show("nat")["addresses"]
    assert address["address"] == OUTSIDE
    assert (address["icmp"]["used"], address["tcp"]["used"], address["udp"]["used"]) == (2, 0, 0)


def test_dig_gets_its_answer(net):
    server = net.server.spawn(PYTHON, HERE / "name_server.py", "192.0.2.7", stdout=subprocess.PIPE,
                              text=True)
    assert server.stdout.readline() == "ready\n"
    answer = net.client.run("dig", "+short", "+tries=1", f"@{SERVER}", "example.org").stdout
    assert answer == "192.0.2.7\n"
    assert [row["remote"] for row in sessions(net, "--protocol", "udp")] == [SERVER + ":53"]


@pytest.mark.parametrize("method", ["--udp", "--icmp", "--tcp"])
def test_traceroute_sees_the_router_and_what_is_behind_it(net, method):
    out = net.client.run("traceroute", "-n", "-q", 1, "-N", 1, "-w", 2, method, SERVER).stdout
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["10.1.0.1", SERVER], out


@pytest.mark.parametrize("direction", [[], ["--reverse"], ["--udp", "--bitrate", "20M"]])
def test_iperf3_sends_and_receives(net, direction):
    net.server.spawn("iperf3", "-s", "-1", stdout=subprocess.DEVNULL)
    wait_until(lambda: ":5201" in net.server.run("ss", "-tln").stdout, "iperf3 listens")
    out = net.client.run("iperf3", "-c", SERVER, "-t", 1, "-J", *direction, timeout=60).stdout
    end = json.loads(out)["end"]
    assert end["sum" if "--udp" in direction else "sum_received"]["bytes"] > 1_000_000
    assert "ip_bad_checksum" not in net.router.drops()


CONNECT = f"import socket; socket.create_connection(('{SERVER}', 7100), 3)"


def test_when_no_port_is_free_the_next_flow_is_told_and_the_others_go_on(net):
    net.router.apply({**net.config, "nat": [{**INTERNET, "ports": "2000-2007"}]})
    with Transfers(net, 8) as transfers:
        refused = net.client.run(PYTHON, "-c", CONNECT, check=False).stderr
        time.sleep(1)
    assert "No route to host" in refused  # ICMP 3/13 (RFC 6888 REQ-11)
    assert transfers.fate == {"whole": 8, "reset": 0, "wrong": 0, "stuck": 0}
    assert net.router.drops()["nat_no_port"] == nat_rule(net)["refused"] == 1
    (event,) = [e for e in net.router.show("events")["events"] if e["kind"] == "nat_no_port"]
    for who in ("10.1.0.2", SERVER, "internet"):
        assert who in event["sentence"]


def test_a_table_that_fills_is_told_before_it_is_full(lab):
    net = two_hosts(lab, nat=[INTERNET], sessions={"max": 64})
    net.server.ip("route", "del", "default")
    for identifier in range(60):
        net.client.run("ping", "-c", 1, "-W", 1, "-e", 1000 + identifier, SERVER)
    def told():
        return [e for e in net.router.show("events")["events"] if e["kind"] == "nat_table_filling"]
    wait_until(told, "the event")
    assert len(told()) == 1


def test_sessions_move_to_a_table_of_another_size(net):
    with Transfers(net, 20) as transfers:
        net.router.apply({**net.config, "sessions": {"max": 1000}})
        net.router.kill(net.router.dataplane)
        net.router.start_dataplane()
        net.router.wait_ready()
        time.sleep(2)
    assert "event=sessions_moved found=20 kept=20 room=1000" in net.router.log()
    assert transfers.fate == {"whole": 20, "reset": 0, "wrong": 0, "stuck": 0}


def test_who_had_a_port_is_told_by_arithmetic_whatever_was_restarted(lab):
    """RFC 7422: 10.1.0.0/29 by four to each of two addresses, 250 ports each."""
    carrier = {"name": "carrier", "type": "source", "out": "right", "from": "10.1.0.0/29",
               "to": "10.2.0.64/31", "ports": "2000-2999", "port_choice": "deterministic"}
    net = two_hosts(lab, nat=[carrier])
    net.server.ip("route", "del", "default")
    share = {"rule": "carrier", "internal": "10.1.0.2", "external": "10.2.0.64", "ports": "2500-2749"}

    def all_is_his(identifier):
        assert net.client.run("ping", "-c", 1, "-W", 1, "-e", identifier, SERVER)
        shown = sessions(net)
        assert shown
        for session in shown:
            assert net.router.show("nat", "owner", session["external"])["shares"] == [share]

    for identifier in range(5):
        all_is_his(1000 + identifier)
    net.router.kill(net.router.control)
    net.router.kill(net.router.dataplane)
    net.router.start_control()
    net.router.start_dataplane()
    net.router.wait_ready()
    net.router.do("nat", "clear", "--all")
    assert not sessions(net)
    for identifier in range(5):
        all_is_his(2000 + identifier)
    owner = net.router.cli_raw("show", "nat", "owner", "10.2.0.64:2600", "--config",
                               net.router.config_file)
    assert owner.stdout == "10.1.0.2 has 10.2.0.64 ports 2500-2749, by rule carrier\n"
