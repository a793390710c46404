# SPDX-License-Identifier: BSD-3-Clause
"""sluice-bench, the traffic generator, against a router: what it says of good ones and of bad ones.

    generator's left 10.1.0.2 ─ 10.1.0.1 router 10.2.0.1 ─ 10.2.0.2 generator's right
"""
import ipaddress
import json
import subprocess

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from lab import wait_until
from router import BUILD, Router

BENCH = BUILD / "bench" / "generator" / "sluice-bench"

# Few packets, so that queues hold what comes while the machine does something else.
PPS, SECONDS = 2000, 0.5


def by_memif(lab, host, name, number):
    at = f"socket={lab.directory / name}.sock,socket-abstract=no"
    return f"net_memif{number},role=server,{at}", f"net_memif{number},role=client,{at}"


def by_vhost(lab, host, name, number):
    socket = lab.directory / f"{name}.sock"
    return f"net_vhost{number},iface={socket}", f"net_virtio_user{number},path={socket}"


def by_cable(driver):
    """The router on AF_PACKET, the generator on this."""
    def join(lab, host, name, number):
        lab.cable(host, name, host, f"{name}-far")
        return f"net_af_packet{number},iface={name}", f"net_{driver}{number + 2},iface={name}-far"
    return join


class Bench:
    """A router, and the generator on both sides of it."""

    def __init__(self, lab, join=by_vhost, **config):
        host = lab.host("router")
        self.host = host
        self.router = Router(lab, host)
        self.devices = {}
        interfaces = {}
        for number, name in enumerate(("left", "right")):
            device, self.devices[name] = join(lab, host, name, number)
            interfaces[name] = {"device": device, "addresses": [f"10.{number + 1}.0.1/24"]}
        self.router.begin({"dataplane": {"workers": 1, "buffers": 4096}, "interfaces": interfaces,
                           **config})
        self.router.wait_answering()
        wait_until(lambda: self.router.status()["dataplane"]["alive"], "the router polls")

    def command(self, mode, *words, **options):
        wanted = {"buffers": 4096, "flows": 100}
        for number, side in enumerate(("left", "right"), 1):
            wanted |= {side: self.devices[side], f"{side}_address": f"10.{number}.0.2/24",
                       f"{side}_gateway": f"10.{number}.0.1"}
        command = [BENCH, mode, "--no-huge"]
        for name, value in (wanted | options).items():
            command += ["--" + name.replace("_", "-"), value]
        return [*command, *words]

    def run(self, *words, **options):
        """The finished process, and the report if it wrote one."""
        done = self.host.run(*self.command(*words, **options), check=False, timeout=60)
        return done, json.loads(done.stdout) if done.stdout else None

    def at_a_rate(self, *words, **options):
        return self.run("rate", "--pps", PPS, "--seconds", SECONDS, *words, **options)


def expect_all_well(done, report):
    assert done.returncode == 0, done.stderr + json.dumps(report, indent=1)
    trial = report["trial"]
    assert trial["loss"] == 0 and trial["faults"] == 0
    for stream in trial["directions"].values():
        # Under load a packet may not be sent in time, but it is never sent and forgotten.
        assert stream["sent"] + stream["missed"] >= 0.9 * PPS * SECONDS
        assert stream["received"] == stream["sent"] > 0
        assert stream["latency_us"]["packets"] == stream["sent"]
        assert 0 < stream["latency_us"]["p50"] <= stream["latency_us"]["p99"] <= stream["latency_us"]["max"]
    return trial["directions"]


@pytest.mark.parametrize("join", [by_memif, by_vhost, by_cable("af_packet"), by_cable("af_xdp")],
                         ids=["memif", "vhost", "af_packet", "af_xdp"])
def test_a_good_router_loses_nothing_in_either_direction(lab, join):
    bench = Bench(lab, join)
    # AF_XDP lays 2,048 buffers into each port's queue before anything comes.
    done, report = bench.at_a_rate(direction="both", size="imix", buffers=16384)
    assert sorted(expect_all_well(done, report)) == ["left", "right"]
    assert report["options"]["mean_size"] == pytest.approx(361.83, abs=0.01)


def test_shares_of_what_came_back_are_measured_too(lab):
    done, report = Bench(lab).at_a_rate(loads="0.25,0.5")
    expect_all_well(done, report)
    assert [each["share"] for each in report["loads"]] == [0.25, 0.5]
    for each in report["loads"]:
        stream, wanted = each["trial"]["directions"]["right"], each["share"] * report["trial"]["received_pps"] * SECONDS
        assert stream["received"] == stream["sent"] == stream["latency_us"]["packets"]
        assert stream["sent"] + stream["missed"] == pytest.approx(wanted, rel=0.2)


def test_destinations_are_drawn_from_a_file_of_prefixes(lab):
    bench = Bench(lab, routes=[{"prefix": "20.0.0.0/8", "via": "10.2.0.2"}])
    file = lab.directory / "prefixes"
    file.write_text("20.1.0.0/16 64500\n20.2.0.0/16 64501\n")
    expect_all_well(*bench.at_a_rate(prefixes=file, draw="zipf"))


def test_a_nat_translates_each_flow_as_it_did_before_and_lets_replies_in(lab):
    bench = Bench(lab, nat=[{"name": "out", "type": "source", "from": "10.1.0.0/24", "out": "right",
                             "to": "interface"}])
    done, report = bench.at_a_rate(workload="nat", direction="both", new_flows=0.02)
    expect_all_well(done, report)
    listed = bench.router.cli_raw("show", "sessions", "--limit", 1000, "--json").stdout
    sessions = len(listed.splitlines())
    assert sessions >= 100 + 0.9 * 0.02 * report["trial"]["directions"]["right"]["sent"]


@pytest.mark.parametrize("workload, key", [("gre", {"key": 7}), ("ipip", {})])
def test_a_tunnel_is_filled_and_emptied(lab, workload, key):
    bench = Bench(lab, routes=[{"prefix": "10.9.0.0/16", "interface": "there"}],
                  tunnels={"there": {"type": workload, "local": "10.2.0.1", "remote": "10.2.0.2", **key,
                                     "addresses": ["172.16.0.1/30"]}})
    more = {"gre_key": key["key"]} if key else {}
    expect_all_well(*bench.at_a_rate(workload=workload, direction="both", right_hosts="10.9.0.0/16", **more))


def tunnels_to(behind, count):
    """So many GRE tunnels, the generator's ends from 10.8.0.0 on, that share out what is behind them."""
    parts = ipaddress.ip_network(behind).subnets((count - 1).bit_length())
    return {"tunnels": {f"t{n}": {"type": "gre", "local": "10.2.0.1", "remote": f"10.8.0.{n}"} for n in range(count)},
            "routes": [{"prefix": "10.8.0.0/24", "via": "10.2.0.2"},
                       *({"prefix": str(part), "interface": f"t{n}"} for n, part in enumerate(parts))]}


def test_many_tunnels_are_filled_and_emptied_at_once(lab):
    bench = Bench(lab, **tunnels_to("10.9.0.0/16", 16))
    many = {"workload": "gre", "direction": "both", "tunnels": 16, "tunnel_own": "10.8.0.0"}
    expect_all_well(*bench.at_a_rate(right_hosts="10.9.0.0/16", **many))
    # Were they in another order, each packet would come by another tunnel than the one it belongs to.
    done, report = bench.at_a_rate(right_hosts="10.9.0.0/17", **(many | {"direction": "right"}))
    stream = report["trial"]["directions"]["right"]
    assert done.returncode == 3 and stream["faults"]["tunnel"] > 0.8 * stream["received"]


def test_flows_of_every_kind_go_side_by_side(lab):
    config = tunnels_to("10.9.0.0/16", 4)
    config["routes"] += [{"prefix": "20.0.0.0/8", "via": "10.2.0.2"},
                         *({"prefix": p, "via": "10.1.0.2"} for p in ("10.64.0.0/16", "10.65.0.0/16"))]
    bench = Bench(lab, **config, nat=[{"name": "out", "type": "source", "from": "10.64.0.0/16", "out": "right",
                                       "to": "interface"}])
    done, report = bench.at_a_rate(
        workload="mixed", direction="both", flows=300, left_hosts="10.65.0.0/16", nat_hosts="10.64.0.0/16",
        right_hosts="20.0.0.0/8", tunnel_hosts="10.9.0.0/16", tunnels=4, tunnel_own="10.8.0.0")
    expect_all_well(done, report)
    sessions = bench.router.cli_raw("show", "sessions", "--limit", 1000, "--json").stdout
    assert len(sessions.splitlines()) == 100, "a third of the flows"


def test_a_capture_is_replayed_and_counted(lab):
    bench = Bench(lab, routes=[{"prefix": "20.0.0.0/8", "via": "10.2.0.2"}])
    file = lab.directory / "capture"
    wrpcap(str(file), [Ether() / IP(src="10.1.0.2", dst=f"20.0.0.{n}") / UDP() / bytes(n) for n in range(9)])
    done, report = bench.at_a_rate(pcap=file)
    stream = report["trial"]["directions"]["right"]
    assert done.returncode == 0 and stream["received"] >= stream["sent"] > 0.9 * PPS * SECONDS - stream["missed"]


def test_packets_that_a_router_drops_are_counted_as_lost(lab):
    bench = Bench(lab, routes=[{"prefix": "20.1.0.0/16", "via": "10.2.0.2"}])
    file = lab.directory / "prefixes"
    file.write_text("20.1.0.0/16\n20.2.0.0/16\n")
    done, report = bench.at_a_rate(prefixes=file)
    assert done.returncode == 3
    stream = report["trial"]["directions"]["right"]
    assert 0.3 < stream["loss"] < 0.7
    assert stream["sent"] == stream["received"] + stream["lost"]
    assert stream["icmp_errors"] > 0, "the router told us why"
    assert bench.router.drops()["no_route"] >= stream["lost"]


def test_nothing_that_comes_through_is_a_result_too(lab):
    done, report = Bench(lab).at_a_rate(right_hosts="20.0.0.0/8", wait=2)
    assert done.returncode == 3
    assert "packets do not come through: right 0 of" in report["nothing_comes"]
    assert report["nothing_comes"] in done.stderr


def test_each_packet_that_is_not_as_it_must_be_is_counted(lab):
    done, report = Bench(lab).at_a_rate(hops=2)
    assert done.returncode == 3
    stream = report["trial"]["directions"]["right"]
    assert stream["faults"]["ttl"] == stream["received"] == report["trial"]["faults"]
    assert stream["lost"] == 0


def test_a_search_ends_with_a_rate(lab):
    # What it finds here says nothing: a second of a machine that does other things too.
    done, report = Bench(lab).run("pdr", "--trial", 0.1, "--loss", 0.5, "--width", 0.3, "--repeats", 0)
    search = report["search"]
    assert done.returncode == 0, done.stderr
    assert search["pps"] > 0 and search["limited_by"] in ("generator", "router")
    assert all(step["passed"] == (step["loss"] <= 0.5) for step in search["trials"])


def test_bursts_back_to_back_are_searched_for_the_longest_that_comes_whole(lab):
    done, report = Bench(lab).run("back-to-back", "--most", 4000, "--tests", 2, "--width", 0.2, "--repeats", 0,
                                  "--throughput", "1k", "--drain", 0.1)
    found = report["back_to_back"]
    assert done.returncode == 0, done.stderr
    assert found["tests"] == 2 and 0 < found["least"] <= found["packets"] <= found["most"] <= 4000
    assert found["limited_by"] == ("generator" if found["most"] == 4000 else "router")
    assert 0 < found["corrected_buffer_us"] <= found["implied_buffer_us"]


def test_a_soak_ends_with_a_signal_and_tells_what_it_saw(lab):
    bench = Bench(lab)
    soak = bench.host.spawn(*bench.command("soak", "--pps", PPS, "--interval", 0.1),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    told = [soak.stderr.readline() for _ in range(3)]
    assert all("on their way" in line for line in told), told
    soak.terminate()
    report = json.loads(soak.communicate(timeout=30)[0])
    assert soak.returncode == 0
    assert report["trial"]["interrupted"] and len(report["intervals"]) >= 3
    assert report["trial"]["loss"] == 0 and report["trial"]["faults"] == 0


def test_a_router_that_is_not_there_is_said_to_be_not_there(lab):
    bench = Bench(lab)
    done, _ = bench.at_a_rate(left_gateway="10.1.0.77", wait=1)
    assert done.returncode == 1
    assert "--left-gateway 10.1.0.77: nobody answers ARP for it" in done.stderr
    bench.devices["right"] = f"net_virtio_user1,path={lab.directory / 'nowhere'}"
    done, _ = bench.at_a_rate(wait=1)
    assert done.returncode == 1 and "--right net_virtio_user1" in done.stderr
