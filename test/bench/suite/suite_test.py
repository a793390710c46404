#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the bench suite makes of its runs: figures, comparisons, tables, the page."""
import pathlib
import sys
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "bench/suite"), str(ROOT / "test/system")]

import compare  # noqa: E402
import figures  # noqa: E402
import page  # noqa: E402
import peers  # noqa: E402
import placement  # noqa: E402
import svg  # noqa: E402
import text  # noqa: E402
import throughput  # noqa: E402
from workloads import FULL_TABLE, WORKLOADS  # noqa: E402


def run(pps, peer="sluice", case="vhost/routes:1", placed="near", **more):
    return {"case": case, "peer": peer, "round": 0, "placement": placed, "received_pps": pps,
            "limited_by": "router", "loss": 0.0, "latency_us": {"p50": 1.0, "p99": 10.0},
            "router": None, "command": "sluice-bench", **more}


def report(runs, **more):
    return {"suite": {"runs": runs, "left_out": [], "versions": {},
                      "machine": {"processor": "P", "kernel": "K", "date": "D", "load": 0.0},
                      "settings": {"rounds": 1, "seconds": 1}}, **more}


class Placement(unittest.TestCase):
    def test_is_named_by_the_latency_before_and_after(self):
        self.assertEqual(placement.placement(85, 90), "near")
        self.assertEqual(placement.placement(450, 500), "far")
        self.assertEqual(placement.placement(200, 200), "between")
        self.assertEqual(placement.placement(85, 450), "moved")
        self.assertEqual(placement.placement(None, None), "unknown")


class Figures(unittest.TestCase):
    def test_are_medians_with_the_least_and_the_most(self):
        (row,) = figures.rows([run(1e6), run(9e6), run(2e6)])
        self.assertEqual((row.pps.median, row.pps.least, row.pps.most, row.pps.runs), (2e6, 1e6, 9e6, 3))
        self.assertEqual(row.pps.spread, 2.0)

    def test_of_near_and_far_processors_are_never_mixed(self):
        rows = figures.rows([run(2e6), run(1e6, placed="far")])
        self.assertEqual([(r.placement, r.pps.median) for r in rows], [("far", 1e6), ("near", 2e6)])

    def test_leave_out_runs_that_failed(self):
        (row,) = figures.rows([run(1e6), {"case": "c", "peer": "p", "failed": "why", "placement": "near"}])
        self.assertEqual(row.peer, "sluice")

    def test_tell_what_the_router_says_of_itself(self):
        told = {"cycles_per_packet": 100.0, "stages": {"lookup": 7.0}}
        (row,) = figures.rows([run(1e6, router=told), run(1e6)])
        self.assertEqual((row.cycles.median, row.stages), (100.0, {"lookup": 7.0}))


class Comparison(unittest.TestCase):
    def verdicts(self, before, now):
        return [row[-1].split()[-1] for row in compare.changes(before, now)[1]]

    def test_names_what_became_faster_or_slower(self):
        self.assertEqual(self.verdicts(report([run(2e6)]), report([run(1e6)])), ["worse"])
        self.assertEqual(self.verdicts(report([run(1e6)]), report([run(2e6)])), ["better"])

    def test_calls_nothing_a_change_that_lies_within_the_spread(self):
        self.assertEqual(self.verdicts(report([run(1e6), run(3e6)]), report([run(1.5e6)])), ["Mpps"])

    def test_compares_no_near_processors_with_far_ones(self):
        self.assertEqual(self.verdicts(report([run(2e6)]), report([run(1e6, placed="far")])), [])

    def test_counts_cycles_where_they_are_known(self):
        def one(cycles):
            return {"benchmarks": [{"name": "b", "cycles_per_packet": cycles, "real_time": 1, "time_unit": "ns"}]}
        self.assertEqual(self.verdicts(one(100), one(80)), ["better"])
        self.assertEqual(self.verdicts(one(100), one(102)), ["cycles/packet"])


class Tables(unittest.TestCase):
    def test_are_aligned_and_have_every_row(self):
        lines = list(text.aligned(*text.throughput_table(figures.rows([run(1e6), run(12e6, "testpmd-io")]))))
        self.assertEqual(len(lines), 3)
        self.assertIn("12.000 ±0%", lines[1])

    def test_stand_in_markdown_too(self):
        made = text.markdown(report([run(1e6)]))
        self.assertIn("| vhost/routes:1 | near | sluice | 1.000 ±0% |", made)


class Plots(unittest.TestCase):
    def test_have_round_numbers_on_their_scale(self):
        self.assertEqual(svg.ticks(11.2), [0, 2.5, 5, 7.5, 10, 12.5])
        self.assertEqual(svg.ticks(0), [0, 1])

    def test_are_well_formed(self):
        for made in (svg.bars("a<b", "Mpps", [("x&y", 1, 0.5, 2, "one", "#000")]),
                     svg.stacked("s", "cycles", [("a", {"x": 1, "y": 2})], ["x", "y"]),
                     svg.curves("c", ("p50", "p99"), "us", [("a", [1, 1000], "#000"), ("b", [None, 2], "#111")])):
            xml.etree.ElementTree.fromstring(made)

    def test_stand_in_the_page_which_needs_nothing_else(self):
        told = {"cycles_per_packet": 100.0, "stages": {"lookup": 7.0}}
        made = page.page(report([run(1e6, router=told), run(2e6, "testpmd-io", failed="it <ended>")]))
        self.assertEqual(made.count("<svg"), 3)
        self.assertIn("it &lt;ended&gt;", made)
        for outside in ("src=", "href=", "url("):
            self.assertNotIn(outside, made)


class Plan(unittest.TestCase):
    def plan(self, only=""):
        suite = throughput.Suite(throughput.Settings(None, None, only=only))
        suite.peers = peers.all_peers()  # whether they are installed or not
        return {(transport, workload.name): [p.name for p in taking]
                for transport, workload, taking in suite.plan()}

    def test_sets_each_router_beside_its_like(self):
        plan = self.plan()
        self.assertEqual(plan["memif", "routes:1"], ["sluice", "testpmd-io", "testpmd-mac"])
        self.assertEqual(plan["vhost", "routes:full"], ["sluice"])
        self.assertEqual(plan["veth", "routes:1"], ["sluice", "linux"])
        self.assertEqual(plan["veth", "nat:1k"], ["sluice", "linux-masquerade"])
        self.assertNotIn(("veth", "gre"), plan)

    def test_can_be_narrowed(self):
        self.assertEqual(self.plan("vhost/gre/sluice"), {("vhost", "gre"): ["sluice"]})

    def test_knows_workloads_that_there_are_data_for(self):
        self.assertTrue(FULL_TABLE.exists())
        self.assertEqual({w.kind for w in WORKLOADS.values()}, {"routes", "nat", "gre", "ipip"})


if __name__ == "__main__":
    unittest.main()
