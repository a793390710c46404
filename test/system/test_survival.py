# SPDX-License-Identifier: BSD-3-Clause
"""What outlives the death of either process, with traffic flowing (docs/memory-layout.md)."""
import os
import pathlib
import re
import struct
import time

import pytest

from lab import all_came, wait_until
from wire import LONGEST_GAP_MS, Stream, Witness

SERVER = "10.2.0.2"

# The stamp at the head of a region (lib/shm/region.h): magic, layout number, size, version.
LAYOUT_AT, VERSION_AT = 8, 24


def arp_requests_of(net):
    """What the router asks, on both sides."""
    return [Witness(host, "eth", f"arp[6:2] == 1 and ether src {net.router.interface(name)['got']['mac']}")
            for host, name in ((net.client, "left"), (net.server, "right"))]


def region(net, name):
    return pathlib.Path(os.path.realpath(net.router.run_directory / name))


def make_foreign(net, name):
    """As if another build had made this memory."""
    with open(region(net, name), "r+b") as file:
        file.seek(LAYOUT_AT)
        number = struct.unpack("Q", file.read(8))[0]
        file.seek(LAYOUT_AT)
        file.write(struct.pack("Q", number ^ 1))
        file.seek(VERSION_AT)
        file.write(b"sluice 99.9.9\0")


def link_changes(net):
    return {name: net.router.interface(name)["got"]["link_changes"] for name in ("left", "right")}


def events(net):
    return [e["number"] for e in net.router.show("events")["events"]]


def learn(net):
    net.client.run("ping", "-c", 2, "-i", 0.01, SERVER)


def ping(net, address=SERVER):
    out = net.client.run("ping", "-c", 3, "-i", 0.01, "-W", 1, address, check=False).stdout
    return all_came(out)


def test_kill_9_of_control_loses_no_packet(net):
    with Stream(net.client, net.server, SERVER) as stream:
        net.router.kill(net.router.control)
        time.sleep(1)
    assert stream.loss.sent > 1000 and stream.loss.lost == 0, stream.loss


def test_the_restart_of_control_relearns_nothing_and_loses_no_packet(net):
    learn(net)
    net.router.do("route", "add", "10.77.0.0/16", "via", SERVER)
    time.sleep(3)  # what it announces of itself at its start is said
    neighbours, before = net.router.neighbours(), link_changes(net)
    routes = net.router.show("route")["total"]
    generation = net.router.status()["control"]["generation"]
    witnesses = arp_requests_of(net)
    with Stream(net.client, net.server, SERVER) as stream:
        net.router.kill(net.router.control)
        time.sleep(0.2)
        net.router.start_control()
        net.router.wait_ready()
        time.sleep(0.5)
    assert stream.loss.lost == 0, stream.loss
    assert [line for w in witnesses for line in w.lines()] == []
    assert link_changes(net) == before
    assert net.router.show("route")["total"] == routes
    assert net.router.route("10.77.1.1")["reached"], "a route added at run time outlives control"
    assert net.router.status()["control"]["generation"] >= generation
    after = net.router.neighbours()
    assert {k: n["mac"] for k, n in after.items()} == {k: n["mac"] for k, n in neighbours.items()}


def test_control_restarted_ten_times_in_a_row_loses_no_packet(net):
    learn(net)
    with Stream(net.client, net.server, SERVER) as stream:
        for _ in range(10):
            net.router.kill(net.router.control)
            net.router.start_control()
            net.router.wait_answering()
    assert stream.loss.lost == 0, stream.loss


def test_after_kill_9_of_the_dataplane_the_next_forwards_with_routes_and_neighbours(net, figure):
    learn(net)
    net.router.do("route", "add", "10.77.0.0/16", "via", SERVER)
    net.server.address("lo", "10.77.0.1/32")
    silences = []
    for _ in range(3):
        witness = Witness(net.server, "eth", "arp[6:2] == 1 or udp")
        with Stream(net.client, net.server, "10.77.0.1") as stream:
            net.router.kill(net.router.dataplane)
            net.router.start_dataplane()
            net.router.wait_ready()
            time.sleep(0.5)
        assert stream.loss.duplicates == 0 and stream.loss.reordered == 0, stream.loss
        assert net.router.route("10.77.0.1")["reached"]
        silences.append(stream.loss.longest_silence_ms)
        # The neighbour is known: packets to it go before any question about it is answered.
        asked = [n for n, line in enumerate(witness.lines())
                 if f"who-has {SERVER} " in line and "ARP" in line]
        assert len(asked) <= 1, "the next dataplane confirms a neighbour, it does not search for it"
    figure("traffic gone after kill -9 of the dataplane, ms",
           ", ".join(f"{ms:.0f}" for ms in silences))
    assert max(silences) < LONGEST_GAP_MS


def test_the_last_word_of_a_killed_dataplane_is_never_shown_as_the_next_ones(net):
    for _ in range(3):
        killed = net.router.dataplane
        net.router.kill(killed)
        net.router.start_dataplane()
        shown = []
        while not shown or shown[-1]["process"] != net.router.dataplane.pid:
            shown.append(net.router.status()["dataplane"])
            up = [i["name"] for i in net.router.show("interface")["interfaces"]
                  if i["condition"] == "up"]
            assert not up or not net.router.status()["dataplane"]["starting"]
            assert len(shown) < 1000
        alive = [d for d in shown if d["alive"]]
        assert killed.pid not in [d["process"] for d in alive], alive
        net.router.wait_ready()


def test_the_dataplane_alone_comes_back_while_control_is_dead(net, figure):
    learn(net)
    with Stream(net.client, net.server, SERVER) as stream:
        net.router.kill(net.router.control)
        net.router.kill(net.router.dataplane)
        already_said = len(net.router.log())
        net.router.start_dataplane()
        wait_until(lambda: "event=first_packet" in net.router.log()[already_said:], "it forwards")
        time.sleep(0.5)
    figure("traffic gone after kill -9 of both, the dataplane restarted alone, ms",
           f"{stream.loss.longest_silence_ms:.0f}")
    assert stream.loss.longest_silence_ms < LONGEST_GAP_MS
    assert stream.loss.whole_at_the_end > 0.2 * stream.rate, stream.loss


def test_both_killed_and_restarted_forward_as_before(net, figure):
    learn(net)
    net.router.do("route", "add", "10.77.0.0/16", "via", SERVER)
    neighbours = net.router.neighbours()
    with Stream(net.client, net.server, SERVER) as stream:
        net.router.kill(net.router.control)
        net.router.kill(net.router.dataplane)
        net.router.start_control()
        net.router.start_dataplane()
        net.router.wait_ready()
        time.sleep(0.3)
    figure("traffic gone after kill -9 of both, ms", f"{stream.loss.longest_silence_ms:.0f}")
    assert stream.loss.longest_silence_ms < LONGEST_GAP_MS
    assert net.router.route("10.77.1.1")["reached"]
    for key, was in neighbours.items():
        assert net.router.neighbours()[key]["mac"] == was["mac"]


def test_control_restarted_with_a_changed_configuration_runs_the_new_one(net):
    learn(net)
    changed = {**net.config, "routes": [{"prefix": "10.66.0.0/16", "via": SERVER}]}
    with Stream(net.client, net.server, SERVER) as stream:
        net.router.kill(net.router.control)
        net.router.write(changed)
        net.router.start_control()
        net.router.wait_ready()
        assert net.router.route("10.66.1.1")["reached"]
    assert stream.loss.lost == 0, stream.loss


def test_both_restarted_with_a_changed_configuration_run_the_new_one(net):
    learn(net)
    changed = {**net.config, "routes": [{"prefix": "10.66.0.0/16", "via": SERVER}]}
    net.router.kill(net.router.control)
    net.router.kill(net.router.dataplane)
    net.router.write(changed)
    net.router.start_control()
    net.router.start_dataplane()
    net.router.wait_ready()
    assert ping(net) and net.router.route("10.66.1.1")["reached"]


def test_counters_go_on_where_the_killed_dataplane_left_them(net):
    learn(net)
    before = net.router.interface("left")["counters"]["rx_packets"]
    net.router.kill(net.router.dataplane)
    net.router.start_dataplane()
    net.router.wait_ready()
    assert net.router.interface("left")["counters"]["rx_packets"] >= before


def names_both_versions(text):
    return "sluice 99.9.9" in text and re.search(r"sluice \d+\.\d+\.\d+", text.replace("99.9.9", ""))


def test_control_refuses_an_intent_memory_of_another_layout_and_names_both_versions(net):
    learn(net)
    with Stream(net.client, net.server, SERVER) as stream:
        net.router.kill(net.router.control)
        make_foreign(net, "intent")
        already_said = len(net.router.log())
        net.router.start_control()
        assert net.router.control.wait(timeout=30) != 0
        said = net.router.log()[already_said:]
        assert names_both_versions(said) and "--rebuild-intent" in said, said
    assert stream.loss.lost == 0, stream.loss


def test_control_told_to_rebuild_makes_a_new_intent_memory_that_the_dataplane_takes(net):
    learn(net)
    with Stream(net.client, net.server, SERVER) as stream:
        net.router.kill(net.router.control)
        make_foreign(net, "intent")
        net.router.start_control("--rebuild-intent")
        net.router.wait_ready()
        net.router.apply({**net.config, "routes": [{"prefix": "10.66.0.0/16", "via": SERVER}]})
    assert ping(net) and net.router.route("10.66.1.1")["reached"]
    assert stream.loss.longest_silence_ms < LONGEST_GAP_MS, stream.loss


def test_the_dataplane_refuses_a_state_memory_of_another_layout_and_names_both_versions(net):
    learn(net)
    net.router.kill(net.router.dataplane)
    make_foreign(net, "state")
    already_said = len(net.router.log())
    net.router.start_dataplane()
    assert net.router.dataplane.wait(timeout=30) == 2
    said = net.router.log()[already_said:]
    assert names_both_versions(said) and "--rebuild-state" in said, said

    net.router.start_dataplane("--rebuild-state")
    net.router.wait_ready()
    assert ping(net)


def put_older_builds_memory(net, name):
    """In its place one of another size, with nothing where this build has anything."""
    path = region(net, name)
    stamp = path.read_bytes()[:VERSION_AT]
    other = bytearray(stamp + b"sluice 99.9.9\0" + b"\xa5" * (3 << 20))
    number, size = struct.unpack_from("QQ", other, LAYOUT_AT)
    struct.pack_into("QQ", other, LAYOUT_AT, number ^ 0xA5, size // 5)
    beside = path.with_name(path.name + ".older")
    beside.write_bytes(other)
    beside.rename(path)


def test_a_state_memory_of_another_size_and_order_is_refused_and_rebuilt_when_told(net):
    learn(net)
    net.router.kill(net.router.dataplane)
    put_older_builds_memory(net, "state")
    before = region(net, "state").read_bytes()
    already_said = len(net.router.log())
    net.router.start_dataplane()
    assert net.router.dataplane.wait(timeout=30) == 2
    said = net.router.log()[already_said:]
    assert names_both_versions(said) and "--rebuild-state" in said, said
    assert region(net, "state").read_bytes() == before, "what is refused is left as it was"

    net.router.start_dataplane("--rebuild-state")
    net.router.wait_ready()
    assert ping(net)
    assert sum(net.router.drops().values()) < 100, "nothing of the other's is taken over"
    assert net.router.interface("left")["counters"]["rx_packets"] < 100


def test_a_dataplane_of_another_layout_does_not_touch_the_intent_memory(net):
    net.router.kill(net.router.control)
    net.router.kill(net.router.dataplane)
    make_foreign(net, "intent")
    before = region(net, "intent").read_bytes()
    already_said = len(net.router.log())
    net.router.start_dataplane()
    wait_until(lambda: "99.9.9" in net.router.log()[already_said:], "the dataplane says why it waits")
    assert region(net, "intent").read_bytes() == before
    assert net.router.dataplane.poll() is None, "it waits for control, which may be told to rebuild"


def test_a_second_dataplane_for_the_same_router_is_refused(net):
    first = net.router.dataplane
    net.router.start_dataplane()
    assert net.router.dataplane.wait(timeout=30) == 2
    assert first.poll() is None and ping(net)


def test_a_second_control_for_the_same_router_is_refused(net):
    first = net.router.control
    net.router.start_control()
    assert net.router.control.wait(timeout=30) != 0
    assert first.poll() is None and net.router.cli_raw("show", "status").returncode == 0


def test_sigterm_ends_both_in_order_and_the_next_start_finds_what_they_left(net):
    learn(net)
    net.router.stop()
    assert net.router.dataplane.returncode == 0 and net.router.control.returncode == 0
    net.router.start_control()
    net.router.start_dataplane()
    net.router.wait_ready()
    assert ("right", SERVER) in net.router.neighbours() and ping(net)


@pytest.mark.parametrize("name", ["intent", "state"])
def test_a_memory_that_was_cut_short_is_refused(net, name):
    net.router.kill(net.router.control)
    net.router.kill(net.router.dataplane)
    os.truncate(region(net, name), 4096)
    already_said = len(net.router.log())
    if name == "intent":
        net.router.start_control()
        process = net.router.control
    else:
        net.router.start_dataplane()
        process = net.router.dataplane
    assert process.wait(timeout=30) > 0, "an exit code, not a signal"
    assert "refused" in net.router.log()[already_said:] or "4096" in net.router.log()[already_said:]
