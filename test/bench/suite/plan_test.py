#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the bench suite measures, and how: options, plan, placement, routers that are described."""
import os
import pathlib
import sys
import tempfile
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "bench/suite"), str(ROOT / "test/system")]

import in_process  # noqa: E402
import options  # noqa: E402
import peers  # noqa: E402
import placement  # noqa: E402
import progress  # noqa: E402
import throughput  # noqa: E402
from peers.described import Described  # noqa: E402
from workloads import FULL_TABLE, QUICK, WORKLOADS, prefixes_of  # noqa: E402


class Placement(unittest.TestCase):
    def test_is_named_by_the_latency_before_and_after(self):
        self.assertEqual(placement.placement(85, 90), "near")
        self.assertEqual(placement.placement(450, 500), "far")
        self.assertEqual(placement.placement(200, 200), "between")
        self.assertEqual(placement.placement(85, 450), "moved")
        self.assertEqual(placement.placement(None, None), "unknown")


    def test_far_processors_are_made_to_wake_each_other_until_they_are_near(self):
        with tempfile.TemporaryDirectory() as directory:
            probe = pathlib.Path(directory) / "probe"
            looks = pathlib.Path(directory) / "looks"
            probe.write_text(f"#!/bin/sh\necho x >> {looks}\n[ $(wc -l < {looks}) -lt 2 ] && echo 400 || echo 85\n")
            probe.chmod(0o755)
            mine = os.sched_getaffinity(0)
            processors = (min(mine), max(mine))
            if len(mine) < 2:
                self.skipTest("one processor is near to nobody")
            self.assertEqual(placement.bring_near(probe, processors, seconds=0.01), 85)
            self.assertEqual(len(looks.read_text().split()), 2)
            self.assertEqual(os.sched_getaffinity(0), mine)

    def test_of_one_processor_is_unknown(self):
        self.assertIsNone(placement.bring_near(pathlib.Path("probe"), (0, 0)))


class Progress(unittest.TestCase):
    def test_guesses_first_and_then_counts(self):
        now = 100.0
        clock = progress.Clock(4, 10, now=lambda: now)
        self.assertEqual(clock.rest(), 40)
        now = 120.0
        clock.tick()
        self.assertEqual(clock.rest(), 60)

    def test_ends_when_there_is_no_time_for_one_more(self):
        now = 100.0
        clock = progress.Clock(100, 10, until=130.0, now=lambda: now)
        self.assertEqual(clock.rest(), 30)
        now = 115.0
        clock.tick()
        self.assertTrue(clock.has_time())
        now = 116.0
        self.assertFalse(clock.has_time())

    def test_has_time_for_what_is_owed(self):
        now = 100.0
        clock = progress.Clock(100, 10, until=105.0, owed=2, now=lambda: now)
        self.assertEqual(clock.rest(), 20)
        now = 110.0
        clock.tick()
        self.assertTrue(clock.has_time())
        now = 120.0
        clock.tick()
        self.assertEqual((clock.rest(), clock.has_time()), (0, False))


class Options(unittest.TestCase):
    def parsed(self, *words):
        return options.options(["--build", "build", *words])

    def test_ask_for_everything_where_nothing_is_said(self):
        self.assertEqual(tuple(self.parsed().parts), ("in_process", "routers", "instructions"))
        self.assertIsNone(self.parsed().minutes)

    def test_ask_for_the_parts_that_they_name(self):
        self.assertEqual(self.parsed("--only", "x").parts, ["in_process"])
        self.assertEqual(self.parsed("--routers", "--instructions").parts, ["routers", "instructions"])

    def test_quick_leaves_out_and_shortens(self):
        o = self.parsed("--quick")
        self.assertEqual((tuple(o.parts), o.seconds), (("in_process", "routers"), options.QUICK_SECONDS))
        self.assertEqual(o.minutes, options.QUICK_MINUTES)
        self.assertEqual(in_process.wanted(o), in_process.QUICK)
        self.assertEqual(self.parsed("--quick", "--only", "fib").parts, ["in_process"])


class Plan(unittest.TestCase):
    def plan(self, only=""):
        suite = throughput.Suite(throughput.Settings(None, None, only=only))
        suite.peers = [p for p in peers.all_peers() if not isinstance(p, Described)]  # installed or not
        return {(transport, workload.name): [p.name for p in taking]
                for transport, workload, taking in suite.plan()}

    def test_sets_each_router_beside_its_like(self):
        plan = self.plan()
        self.assertEqual(plan["memif", "routes:1"], ["sluice", "testpmd-io", "testpmd-mac"])
        self.assertEqual(plan["vhost", "routes:full"], ["sluice"])
        self.assertEqual(plan["veth", "routes:1"], ["sluice", "linux"])
        self.assertEqual(plan["veth", "nat:1k"], ["sluice", "linux-masquerade"])
        self.assertNotIn(("veth", "gre"), plan)
        self.assertEqual(plan["memif", "mixed"], ["sluice"])

    def test_has_those_that_are_only_described(self):
        suite = throughput.Suite(throughput.Settings(None, None))
        suite.peers = peers.all_peers()
        plan = {(t, w.name): [p.name for p in taking] for t, w, taking in suite.plan()}
        self.assertEqual(plan["vhost", "nat:64k"], ["sluice", "grout", "vpp"])
        self.assertEqual(plan["memif", "gre"], ["sluice", "vpp"])

    def test_of_the_quick_one_has_what_the_goals_are_about(self):
        plan = self.plan(QUICK)
        for workload in ("routes:1", "routes:full", "nat:64k", "gre", "ipip", "mixed"):
            for transport in ("memif", "vhost"):
                self.assertIn("sluice", plan[transport, workload])
        self.assertEqual(plan["memif", "routes:1"], ["sluice", "testpmd-io", "testpmd-mac"])
        self.assertEqual(plan["veth", "nat:1k"], ["sluice", "linux-masquerade"])
        self.assertNotIn(("memif", "nat:1k"), plan)

    def test_can_be_narrowed(self):
        self.assertEqual(self.plan("vhost/gre/sluice"), {("vhost", "gre"): ["sluice"]})

    def test_knows_workloads_that_there_are_data_for(self):
        self.assertTrue(FULL_TABLE.exists())
        self.assertEqual({w.kind for w in WORKLOADS.values()}, {"routes", "nat", "gre", "ipip", "mixed"})

    def test_shares_out_what_is_behind_many_tunnels(self):
        routes = list(WORKLOADS["gre:1024"].tunnel_routes())
        self.assertEqual((len(routes), routes[0], routes[-1]), (
            1024, (0, "198.18.0.0", "21.0.0.0/18"), (1023, "198.18.3.255", "21.255.192.0/18")))
        self.assertEqual(list(WORKLOADS["ipip"].tunnel_routes()), [(0, "10.2.0.2", "21.0.0.0/8")])

    def test_turns_every_run_of_every_round(self):
        suite = throughput.Suite(throughput.Settings(None, None, only="memif/routes:1/", rounds=2))
        suite.peers = [p for p in peers.all_peers() if not isinstance(p, Described)]
        self.assertEqual([(turn[0], turn[3].name) for turn in suite.turns()], [
            (0, "sluice"), (0, "testpmd-io"), (0, "testpmd-mac"), (1, "testpmd-io"), (1, "testpmd-mac"), (1, "sluice")])


class Place:
    """Where nothing is."""
    transport, processors = "memif", (3, 4)
    router_devices = {"left": "net_memif0,a", "right": "net_memif1,b"}
    lab = types.SimpleNamespace(directory=pathlib.Path("/lab"))

    def listens_at(self, side):
        return f"/lab/{side}.sock"


class Description(unittest.TestCase):
    def files(self, name, workload):
        peer = Described(ROOT / f"bench/suite/peers/{name}.toml")
        words = peer.words(Place(), WORKLOADS[workload])
        return {name: made.format(**words) for name, made in peer.text["files"].items()}

    def test_says_where_it_could_be_had(self):
        peer = Described(ROOT / "bench/suite/peers/vpp.toml")
        peer.text["program"] = "no-such-program"
        self.assertEqual(peer.misses(), "no-such-program is not installed (packages of packagecloud.io/fdio)")

    def test_has_a_configuration_for_each_of_its_workloads(self):
        for file in (ROOT / "bench/suite/peers").glob("*.toml"):
            peer = Described(file)
            for workload in WORKLOADS.values():
                for transport in peer.transports:
                    place = Place()
                    place.transport = transport
                    if peer.takes(transport, workload) and not workload.table:
                        peer.words(place, workload)

    def test_names_its_ends_and_its_routes(self):
        made = self.files("vpp", "nat:64k")["setup.vpp"]
        self.assertIn("set interface ip address memif1/0 10.1.0.1/24", made)
        self.assertIn("nat44 add address 203.0.113.0 - 203.0.113.63", made)
        self.assertIn("ip route add 20.0.0.0/8 via 10.2.0.2", made)
        self.assertIn("unix { nodaemon", self.files("vpp", "gre")["startup.conf"])
        self.assertIn("interface add port left devargs net_memif0,a", self.files("grout", "ipip")["setup.grcli"])

    def test_has_each_prefix_of_a_table(self):
        self.assertEqual(list(prefixes_of(WORKLOADS["routes:1"])), ["20.0.0.0/8"])
        self.assertGreater(sum(1 for _ in prefixes_of(WORKLOADS["routes:full"])), 500000)


if __name__ == "__main__":
    unittest.main()
