# SPDX-License-Identifier: BSD-3-Clause
"""The NAT's log as a carrier keeps it: each session once created and once ended, whatever dies."""
import collections
import datetime
import json
import os
import pathlib
import random
import signal
import subprocess
import time

import pytest

import ipfix
from conftest import two_hosts
from lab import sleeps, wait_until

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
SERVER, OUTSIDE = "10.2.0.2", "10.2.0.1"
PORT = 4739
INTERNET = {"name": "internet", "type": "source", "out": "right", "from": "10.1.0.0/24",
            "to": "interface"}
SHORT = {"udp_s": 2, "quarantine_s": 0, "max": 65536}


def told_at(line):
    """In seconds since 1970."""
    return datetime.datetime.strptime(line["time"], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()


def lines_of(file):
    return [json.loads(line) for line in ipfix.whole_lines(file.read_text())]


class Logged:
    """A router with a log, its collector, and what both have heard."""

    def __init__(self, lab, nat=INTERNET, sessions=SHORT, **more):
        self.file = lab.directory / "nat.jsonl"
        self.heard = lab.directory / "heard"
        log = {"file": str(self.file), "destinations": True, "ipfix": {"collector": f"127.0.0.1:{PORT}", "domain": 77,
                                                 "template_s": 1}}
        self.net = two_hosts(lab, nat=[nat], nat_log=log, sessions=sessions, **more)
        self.router = self.net.router
        self.net.server.ip("route", "del", "default")
        self.collector = self.net.middle.spawn(PYTHON, HERE / "ipfix.py", PORT, self.heard,
                                               stdout=subprocess.PIPE, text=True)
        assert self.collector.stdout.readline() == "ready\n"
        wait_until(self.heard.read_text, "the collector has the templates")

    def send(self, count, first=10000, rate=2000):
        return self.net.client.spawn(PYTHON, HERE / "flows.py", "send", SERVER, 7000, first, count, rate)

    def wait_for_the_end(self, timeout=30):
        """Of all sessions, and until everything is handed on."""
        def over():
            if self.router.cli_raw("show", "sessions", "--json").stdout != "":
                return False
            log = self.router.show("nat", "log")
            if any(log[outlet]["waiting"] for outlet in ("file", "ipfix")):
                return False
            # A session is gone a moment before its end is told.
            told = collections.Counter(line["event"] for file in self.file.parent.glob("nat.*")
                                       for line in lines_of(file))
            return told["session_ended"] == told["session_created"]
        wait_until(over, "all sessions have ended and are told of", timeout)

    def wait_for_the_collector(self):
        """Until it has written down what the file says, too."""
        count = len(self.lines())
        wait_until(lambda: len(self.records()[0]) >= count, f"the collector has {count} records")

    def lines(self):
        return lines_of(self.file)

    def by_event(self):
        """Of the file: for each event how often each session is in it."""
        events = collections.defaultdict(collections.Counter)
        for line in self.lines():
            events[line["event"]][(line["internal"], line["external"], line["remote"])] += 1
        return events

    def records(self):
        """Of the collector, with what came once more taken out; and how many messages did."""
        records, last, again = [], None, 0
        for message in ipfix.messages(self.heard):
            if not message.records:
                continue
            assert message.domain == 77
            if last is not None and message.sequence == last.sequence:
                assert [r["source_port"] for r in message.records] == \
                    [r["source_port"] for r in last.records]
                again += 1
                continue
            assert last is None or message.sequence == last.sequence + len(last.records)
            records += message.records
            last = message
        return records, again


@pytest.fixture
def logged(lab):
    logged = Logged(lab)
    yield logged
    logged.collector.kill()


def test_each_session_is_told_once_when_it_is_created_and_once_when_it_ends(logged):
    assert logged.send(3).wait() == 0
    logged.wait_for_the_end()
    sessions = logged.by_event()
    assert set(sessions) == {"session_created", "session_ended"}
    assert sessions["session_created"] == sessions["session_ended"]
    assert sorted(internal for internal, _, _ in sessions["session_created"]) == \
        ["10.1.0.2:10000", "10.1.0.2:10001", "10.1.0.2:10002"]
    created = logged.lines()[0]
    assert (created["rule"], created["protocol"], created["remote"]) == ("internet", "udp", SERVER + ":7000")
    assert created["external"].startswith(OUTSIDE + ":")
    assert abs(time.time() - told_at(created)) < 30
    began = {line["internal"]: told_at(line) for line in logged.lines() if line["event"] == "session_created"}
    for ended in (line for line in logged.lines() if line["event"] == "session_ended"):
        assert ended["age_s"] >= 2
        assert abs(ended["age_s"] - (told_at(ended) - began[ended["internal"]])) < 1.1

    logged.wait_for_the_collector()
    records, _ = logged.records()
    assert [r["event"] for r in records].count(4) == [r["event"] for r in records].count(5) == 3
    assert {f"{r['source']}:{r['source_port']} {r['post_source']}:{r['post_source_port']} "
            f"{r['post_destination']}:{r['post_destination_port']}" for r in records} == \
        {" ".join(session) for session in sessions["session_created"]}


def test_tshark_reads_what_the_collector_is_sent(logged):
    capture = logged.net.lab.directory / "capture.pcap"
    tcpdump = logged.net.middle.spawn("tcpdump", "-i", "lo", "-U", "--immediate-mode", "-w", capture, "udp port 4739",
                                      stderr=subprocess.PIPE, text=True)
    wait_until(lambda: "listening on" in tcpdump.stderr.readline(), "tcpdump listens")
    before = len(ipfix.messages(logged.heard))
    wait_until(lambda: len(ipfix.messages(logged.heard)) > before, "the templates are sent once more")
    assert logged.send(1).wait() == 0
    logged.wait_for_the_end()
    logged.wait_for_the_collector()
    wait_until(lambda: sleeps(tcpdump), "tcpdump has read all")
    tcpdump.send_signal(signal.SIGINT)
    tcpdump.wait()
    fields = ["cflow.version", "cflow.od_id", "cflow.nat_event", "cflow.srcaddr", "cflow.srcport",
              "cflow.post_natsource_ipv4_address", "cflow.post_naptsource_transport_port",
              "cflow.dstaddr", "cflow.dstport", "cflow.protocol"]
    said = subprocess.run(["tshark", "-r", capture, "-d", f"udp.port=={PORT},cflow", "-T", "fields",
                           *[word for field in fields for word in ("-e", field)],
                           "-Y", "cflow.nat_event"], capture_output=True, text=True, check=True).stdout
    events = [line.split("\t") for line in said.splitlines()]
    (external,) = {line["external"] for line in logged.lines()}
    same = ["10.1.0.2", "10000", *external.split(":"), SERVER, "7000", "17"]
    assert events == [["10", "77", "4", *same], ["10", "77", "5", *same]], said


def test_no_session_is_told_twice_or_never_though_both_processes_are_killed(logged, figure):
    hearer = logged.net.server.spawn(PYTHON, HERE / "flows.py", "hear", 7000, stdout=subprocess.PIPE,
                                     text=True)
    assert hearer.stdout.readline() == "ready\n"
    kills = int(os.environ.get("SLUICE_KILLS", "6"))
    sender = logged.send(12000, rate=1500)
    for n in range(kills):
        time.sleep(random.uniform(0.2, 1))
        if n % 2 == 0:
            logged.router.kill(logged.router.control)
            logged.router.start_control()
        else:
            logged.router.kill(logged.router.dataplane)
            logged.router.start_dataplane()
        logged.router.wait_ready()
    assert sender.wait() == 0
    logged.wait_for_the_end(60)
    hearer.send_signal(signal.SIGTERM)
    heard = json.loads(hearer.communicate(timeout=30)[0])

    sessions = logged.by_event()
    assert set(sessions) == {"session_created", "session_ended"}
    for event in sessions.values():
        assert set(event.values()) == {1}, [key for key, n in event.items() if n > 1][:5]
    assert set(sessions["session_created"]) == set(sessions["session_ended"])
    told = {external for _, external, _ in sessions["session_created"]}
    assert len(heard) > 2000 and set(heard) <= told

    logged.wait_for_the_collector()
    records, again = logged.records()
    for event in (4, 5):
        those = [(r["source_port"], r["post_source_port"]) for r in records if r["event"] == event]
        assert len(those) == len(set(those)) == len(sessions["session_created"])
    log = logged.router.show("nat", "log")
    assert log["file"]["lost"] == log["ipfix"]["lost"] == 0
    figure(f"sessions told of once created and once ended across {kills} kill -9, messages sent again",
           (len(sessions["session_created"]), again))


@pytest.mark.parametrize("how", ["command", "signal"])
def test_the_file_is_opened_anew_when_the_operator_says_so(logged, how):
    assert logged.send(1).wait() == 0
    wait_until(lambda: len(logged.lines()) == 1, "the first session is told")
    old = logged.file.rename(logged.file.with_suffix(".1"))
    if how == "command":
        logged.router.do("nat", "reopen")
    else:
        logged.router.control.send_signal(signal.SIGHUP)
    wait_until(logged.file.exists, "the file is there again")
    assert logged.send(1, first=20000).wait() == 0
    logged.wait_for_the_end()
    assert len(old.read_text().splitlines()) == 1 and len(logged.lines()) == 3


@pytest.mark.parametrize("killed", [False, True])
def test_a_log_that_is_switched_off_and_on_again_lacks_no_end(lab, killed):
    logged = Logged(lab, sessions={**SHORT, "udp_s": 5})
    assert logged.send(3).wait() == 0
    wait_until(lambda: len(logged.lines()) == 3, "three sessions are told")
    logged.router.apply({k: v for k, v in logged.net.config.items() if k != "nat_log"})
    assert logged.router.show("nat", "log") == {"file": None, "ipfix": None}
    if killed:
        logged.router.kill(logged.router.dataplane)
        logged.router.start_dataplane()
        logged.router.wait_ready()
    wait_until(lambda: logged.router.cli_raw("show", "sessions", "--json").stdout == "",
               "the sessions have ended", 20)
    assert len(logged.lines()) == 3
    logged.router.apply(logged.net.config)
    assert logged.router.show("nat", "log")["file"]["to"] == str(logged.file)
    logged.wait_for_the_end()
    sessions = logged.by_event()
    assert sessions["session_ended"] == sessions["session_created"]
    assert sum(sessions["session_created"].values()) == 3


def test_what_runs_out_is_told_with_who_wanted_it(lab):
    logged = Logged(lab, nat={**INTERNET, "ports": "2000-2001"})
    assert logged.send(3).wait() == 0
    wait_until(lambda: "ports_exhausted" in logged.file.read_text(), "that ports ran out")
    (told,) = [line for line in logged.lines() if line["event"] == "ports_exhausted"]
    assert (told["internal"], told["external"], told["remote"], told["rule"]) == \
        ("10.1.0.2:10002", OUTSIDE, SERVER + ":7000", "internet")
    wait_until(lambda: logged.records()[0][-1:] and
               any(r["event"] == 12 for r in logged.records()[0]), "the collector knows too")
    logged.collector.kill()


def test_whom_a_session_was_with_is_nobodys_business_unless_asked_for(lab):
    logged = Logged(lab)
    logged.router.apply({**logged.net.config, "nat_log": {**logged.net.config["nat_log"], "destinations": False}})
    assert logged.send(1).wait() == 0
    logged.wait_for_the_end()
    assert len(logged.lines()) == 2 and SERVER not in logged.file.read_text()
    wait_until(lambda: len(logged.records()[0]) == 2, "the collector has both")
    assert SERVER not in str(logged.records()[0])
    logged.collector.kill()


def test_a_collector_that_is_away_holds_nothing_up(logged):
    logged.collector.kill()
    logged.collector.wait()
    assert logged.send(20).wait() == 0
    logged.wait_for_the_end()
    assert len(logged.lines()) == 40


def test_without_a_log_there_is_no_memory_for_one(net):
    assert net.router.show("nat", "log") == {"file": None, "ipfix": None}
    assert not (net.router.run_directory / "nat_log").exists()
