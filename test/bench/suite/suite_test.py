#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the bench suite makes of its runs: figures, comparisons, tables, the page."""
import json
import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "bench/suite"), str(ROOT / "test/system")]

import baseline  # noqa: E402
import docs  # noqa: E402
import figures  # noqa: E402
import goals  # noqa: E402
import instructions  # noqa: E402
import page  # noqa: E402
import scaling  # noqa: E402
import svg  # noqa: E402
import text  # noqa: E402


def run(pps, peer="sluice", case="vhost/routes:1", placed="near", **more):
    return {"case": case, "peer": peer, "round": 0, "placement": placed, "received_pps": pps,
            "limited_by": "router", "loss": 0.0, "latency_us": {"p50": 1.0, "p99": 10.0},
            "router": None, "command": "sluice-bench", **more}


MACHINE = {"processor": "P", "processors": [0, 1], "kernel": "K", "date": "D", "load": 0.0}


def report(runs=(), **more):
    return {"machine": MACHINE, "versions": {"commit": "c0ffee"}, "command": "./dev bench",
            "suite": {"runs": list(runs), "left_out": [],
                      "settings": {"rounds": 1, "seconds": 1, "size": "64"}}, **more}


def benchmark(name, cycles=10.0, **more):
    return {"name": name, "cycles_per_packet": cycles, "real_time": 1.0, "time_unit": "ns", **more}


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

    def test_have_the_latency_at_each_load(self):
        def one(p99):
            return {"50": {"p50": 1.0, "p99": p99}, "10": {"p50": 0.5, "p99": 2.0}}
        rows = figures.rows([run(1e6, latency_at=one(9.0)), run(1e6, latency_at=one(11.0)), run(1e6)])
        self.assertEqual(rows[0].latency_at, {10: {"p50": 0.5, "p99": 2.0}, 50: {"p50": 1.0, "p99": 10.0}})
        header, (row,) = text.load_table(rows)
        self.assertEqual((header[3:], row[3:]), (("10%", "50%"), ("0.5 / 2.0", "1.0 / 10.0")))

    def test_tell_what_the_router_says_of_itself(self):
        told = {"cycles_per_packet": 100.0, "stages": {"lookup": 7.0}}
        (row,) = figures.rows([run(1e6, router=told), run(1e6)])
        self.assertEqual((row.cycles.median, row.stages), (100.0, {"lookup": 7.0}))


class Comparison(unittest.TestCase):
    def verdicts(self, before, now):
        return [row[-1].split()[-1] for row in baseline.changes(before, now)[1]]

    def test_names_what_became_faster_or_slower(self):
        self.assertEqual(self.verdicts(report([run(2e6)]), report([run(1e6)])), ["worse"])
        self.assertEqual(self.verdicts(report([run(1e6)]), report([run(2e6)])), ["better"])

    def test_calls_nothing_a_change_that_lies_within_the_spread(self):
        self.assertEqual(self.verdicts(report([run(1e6), run(3e6)]), report([run(1.5e6)])), ["Mpps"])

    def test_compares_no_near_processors_with_far_ones(self):
        self.assertEqual(self.verdicts(report([run(2e6)]), report([run(1e6, placed="far")])), [])

    def test_counts_cycles_where_they_are_known(self):
        def one(cycles):
            return report(benchmarks=[benchmark("b", cycles)])
        self.assertEqual(self.verdicts(one(100), one(80)), ["better"])
        self.assertEqual(self.verdicts(one(100), one(102)), ["cycles/packet"])

    def test_calls_a_change_of_instructions_what_would_be_noise_of_time(self):
        def one(counted):
            return report(instructions={"b": counted})
        self.assertEqual(self.verdicts(one(100.0), one(102.0)), ["worse"])
        self.assertEqual(self.verdicts(one(100.0), one(100.1)), ["instructions/packet"])

    def test_of_another_processor_is_of_instructions_alone(self):
        before = report([run(1e6)], instructions={"b": 1}, benchmarks=[benchmark("b")])
        before["machine"] = MACHINE | {"processor": "Q"}
        now = report([run(2e6)], instructions={"b": 2}, benchmarks=[benchmark("b")])
        self.assertEqual(self.verdicts(before, now), ["worse"])

    def test_is_with_what_was_saved_of_each_part(self):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "baseline.json"
            baseline.save(report([run(1e6)], benchmarks=[benchmark("b", 100)]), file)
            later = report(instructions={"b": 1}) | {"versions": {"commit": "later"}}
            del later["suite"]
            baseline.save(later, file)
            saved = json.loads(file.read_text())
        self.assertEqual(saved["commits"], {"benchmarks": "c0ffee", "suite": "c0ffee", "instructions": "later"})
        now = report([run(2e6)], benchmarks=[benchmark("b", 50)], instructions={"b": 2})
        self.assertEqual(self.verdicts(saved, now), ["worse", "better", "better"])


class Tables(unittest.TestCase):
    def test_are_aligned_and_have_every_row(self):
        lines = list(text.aligned(*text.throughput_table(figures.rows([run(1e6), run(12e6, "testpmd-io")]))))
        self.assertEqual(len(lines), 3)
        self.assertIn("12.000 ±0%", lines[1])

    def test_stand_in_markdown_too(self):
        made = text.markdown(report([run(1e6)]))
        self.assertIn("| vhost/routes:1 | near | sluice | 1.000 ±0% |", made)


    def test_stand_in_the_page_for_people_between_its_marks(self):
        before = f"prose\n{docs.BEGIN}\nold\n{docs.END}\nmore prose\n"
        made = docs.put(before, text.markdown_sections(report([run(1e6)]), level=3))
        self.assertTrue(made.startswith("prose\n" + docs.BEGIN) and made.endswith(docs.END + "\nmore prose\n"))
        self.assertNotIn("old", made)
        self.assertIn("### Routers", made)
        self.assertEqual(docs.put(made, "again"), docs.put(before, "again"))
        self.assertIn("no benchmarks in this run", docs.misses(report([run(1e6)])))
        self.assertIsNone(docs.misses(report([run(1e6)], benchmarks=[benchmark("b")])))
        with self.assertRaises(docs.NoMarks):
            docs.put("prose", "figures")

    def test_say_what_failed_and_what_is_left_out(self):
        told = report([run(1e6, failed="why"), run(1e6, first_try="why")],
                      context={"workers": "2 cores, so 1 worker"})
        told["suite"]["left_out"] = [{"peer": "vpp", "why": "it is not installed"}]
        self.assertEqual(list(text.remarks(told)), [
            "Failed: vhost/routes:1, sluice, round 1.", "Only at the second try: vhost/routes:1, sluice, round 1.",
            "Left out: vpp: it is not installed.", "Workers: 2 cores, so 1 worker."])

    def test_spread_stages_over_all_packets(self):
        ((label, stages),) = text.pipeline_stages(report(benchmarks=[
            benchmark("b", **{"stage:lookup": 7.0, "stage:rewrite": 3.0}), benchmark("c")]))
        self.assertEqual((label, stages), ("b", {"lookup": 7.0, "rewrite": 3.0}))
        header, (row,) = text.stage_table([(label, stages)])
        self.assertEqual((header[1:], row[1:]), (("lookup", "rewrite", "all"), ("7.0", "3.0", "10")))


class Scaling(unittest.TestCase):
    benchmarks = [benchmark("pipeline/forward/routes:full", 30, routes=500e3),
                  benchmark("pipeline/forward/routes:1", 20, routes=1),
                  benchmark("pipeline/forward/routes:1/burst:32", 21, routes=1),
                  benchmark("pipeline/workers:1/real_time", None, workers=1, items_per_second=2e6),
                  benchmark("pipeline/workers:2/real_time", None, workers=2, items_per_second=3e6)]

    def test_joins_benchmarks_that_differ_in_how_many_there_are(self):
        by_routes, by_workers = scaling.scalings(self.benchmarks)
        self.assertEqual(by_routes.lines, {"forward": [(1, 20), (500e3, 30)]})
        self.assertEqual(list(by_workers.lines.values()), [[(1, 2.0), (2, 3.0)]])
        self.assertEqual(scaling.table(by_routes), (("cycles a packet, routes:", "1", "500,000"),
                                                    [("forward", "20.0", "30.0")]))

    def test_of_one_point_is_none(self):
        self.assertEqual(scaling.scalings(self.benchmarks[:1]), [])


class Instructions(unittest.TestCase):
    def test_are_read_from_callgrinds_file(self):
        self.assertEqual(instructions.counted("events: Ir\n...\nsummary: 123456\n\n\ntotals: 123456\n"), 123456)


class Goals(unittest.TestCase):
    def test_are_judged_within_one_transport_and_placement(self):
        header, rows = goals.table([
            run(8e6), run(10e6, "testpmd-mac"), run(1e6, "testpmd-mac", placed="far"),
            run(7.9e6, case="vhost/routes:full"), run(1e6, case="memif/nat:64k")])
        self.assertEqual(rows, [
            ("routes:1, of testpmd-mac's routes:1", "vhost near", "90%", "80%", "not reached"),
            ("routes:full, of sluice's routes:1", "vhost near", "95%", "99%", "reached"),
            ("p99 at half rate, us", "vhost near", "20", "10.0", "reached")])

    def test_say_where_the_generator_was_the_limit(self):
        _, rows = goals.table([run(9e6, limited_by="generator"), run(10e6, "testpmd-mac", limited_by="generator")])
        self.assertEqual(rows[0][-1], "reached; the generator was the limit of sluice and testpmd-mac")

    def test_are_judged_by_the_routers_own_cycles_too(self):
        _, rows = goals.table([run(9e6, router={"cycles_per_packet": 100.0, "stages": {}}),
                               run(8e6, case="vhost/gre", router={"cycles_per_packet": 125.0, "stages": {}})])
        self.assertEqual(rows[0][1:], ("vhost near", "80%", "89%", "reached; by its own cycles 80%"))

    def test_of_the_kernels_interfaces_are_none(self):
        self.assertEqual(goals.table([run(1e6, case="veth/routes:1")])[1], [])


class Plots(unittest.TestCase):
    def test_have_round_numbers_on_their_scale(self):
        self.assertEqual(svg.ticks(11.2), [0, 2.5, 5, 7.5, 10, 12.5])
        self.assertEqual(svg.ticks(0), [0, 1])

    def test_are_well_formed(self):
        for made in (svg.bars("a<b", "Mpps", [("x&y", 1, 0.5, 2, "one", "#000")]),
                     svg.stacked("s", "cycles", [("a", {"x": 1, "y": 2})], ["x", "y"]),
                     svg.scaling("s", "routes", "cycles", [("a", [(1, 2.0), (1000, 3.0)], "#000")]),
                     svg.curves("c", ("p50", "p99"), "us", [("a", [1, 1000], "#000"), ("b", [None, 2], "#111")])):
            xml.etree.ElementTree.fromstring(made)

    def test_stand_in_the_page_which_needs_nothing_else(self):
        told = {"cycles_per_packet": 100.0, "stages": {"lookup": 7.0}}
        at = {"10": {"p50": 1.0, "p99": 2.0}, "50": {"p50": 1.0, "p99": 3.0}}
        made = page.page(report([run(1e6, router=told, latency_at=at), run(2e6, "testpmd-io", failed="it <ended>")],
                                benchmarks=Scaling.benchmarks + [benchmark("b", **{"stage:lookup": 7.0})]))
        self.assertEqual(made.count("<svg"), 7)  # rate, latency and over load, stages twice, scaling twice
        self.assertIn("it &lt;ended&gt;", made)
        for outside in ("src=", "href=", "url("):
            self.assertNotIn(outside, made)


if __name__ == "__main__":
    unittest.main()
