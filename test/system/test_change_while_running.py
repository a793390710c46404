# SPDX-License-Identifier: BSD-3-Clause
"""Changes to a router that carries traffic: its configuration, its interfaces, its links."""
import copy
import json
import re
import time

import pytest

from lab import all_came, wait_until
from router import Refused, af_packet
from wire import Stream

SERVER = "10.2.0.2"


def with_third(config, **more):
    wanted = copy.deepcopy(config)
    wanted["interfaces"]["third"] = {"device": af_packet("third", 2),
                                     "addresses": ["10.3.0.1/24"], **more}
    return wanted


def add_third_host(net):
    third = net.lab.host("third")
    net.lab.cable(third, "eth", net.middle, "third")
    third.address("eth", "10.3.0.2/24", gateway="10.3.0.1")
    return third


def ping(host, address, count=3):
    out = host.run("ping", "-c", count, "-i", 0.02, "-W", 1, address, check=False).stdout
    return all_came(out)


def test_applying_other_routes_and_timers_loses_nothing_that_had_a_route_before_and_after(net):
    net.server.address("lo", "10.50.0.1/32")
    routed = {**net.config, "routes": [{"prefix": "10.50.0.0/16", "via": SERVER}]}
    net.router.apply(routed)
    with Stream(net.client, net.server, "10.50.0.1") as stream:
        for n in range(20):
            # The route that carries the stream is replaced by a longer one, and back.
            longer = [{"prefix": "10.50.0.0/24", "via": SERVER}] if n % 2 else []
            others = [{"prefix": f"172.16.{i}.0/24", "via": SERVER} for i in range(n * 5)]
            net.router.apply({**routed, "routes": routed["routes"] + longer + others,
                              "arp": {"reachable_s": 30 + n}})
    assert stream.loss.sent > 1000 and stream.loss.lost == 0, stream.loss


def test_an_apply_returns_when_the_dataplane_has_it(net):
    for n in range(10):
        net.router.apply({**net.config, "icmp": {"errors_per_second": 100 + n}})
        status = net.router.status()
        assert status["dataplane"]["generation"] == status["control"]["generation"]


BAD = """{
  "interfaces": {
    "left":  { "device": "net_af_packet0,iface=left", "addresses": ["10.1.0.300/24"], "mtu": 20 },
    "right": { "device": "net_af_packet1,iface=right", "adresses": ["10.2.0.1/24"] }
  },
  "routes": [ { "prefix": "10.9.0.7/16", "via": "192.0.2.1" } ]
}
"""


def test_a_bad_configuration_is_refused_with_all_its_mistakes_and_what_runs_goes_on(net):
    before = net.router.show("config")
    with Stream(net.client, net.server, SERVER) as stream:
        done = net.router.cli_raw("apply", net.router.write(BAD))
    assert done.returncode != 0
    said = done.stdout + done.stderr
    for line, value in ((3, "10.1.0.300/24"), (3, "20"), (4, "adresses"), (6, "10.9.0.7/16")):
        assert re.search(rf"sluice\.json:{line}\b.*{re.escape(value)}", said), (line, value, said)
    assert stream.loss.lost == 0, stream.loss
    assert net.router.show("config") == before


def test_check_tells_the_same_mistakes_without_a_router(net):
    done = net.router.cli_raw("check", net.router.write(BAD))
    assert done.returncode != 0 and "10.1.0.300/24" in done.stdout + done.stderr
    assert net.router.cli_raw("check", net.router.write(net.config)).returncode == 0


def test_a_configuration_that_is_no_json_is_refused_with_its_line(net):
    done = net.router.cli_raw("apply", net.router.write('{\n "routes": [\n}\n'))
    assert done.returncode != 0 and "sluice.json:3" in done.stdout + done.stderr
    assert ping(net.client, SERVER)


def test_diff_tells_what_would_change_and_changes_nothing(net):
    generation = net.router.status()["control"]["generation"]
    changed = {**net.config, "routes": [{"prefix": "10.50.0.0/16", "via": SERVER}]}
    shown = net.router.cli("diff", net.router.write(changed))
    assert "10.50.0.0/16" in json.dumps(shown)
    assert net.router.status()["control"]["generation"] == generation


def test_apply_with_confirm_rolls_back_by_itself(net):
    running = net.router.show("config")
    changed = {**net.config, "routes": [{"prefix": "10.50.0.0/16", "via": SERVER}]}
    net.router.apply(changed, "--confirm", 3)
    assert net.router.route("10.50.0.1")["reached"]
    wait_until(lambda: net.router.show("config") == running, "the configuration before is back")
    assert not net.router.route("10.50.0.1")["reached"]
    assert ping(net.client, SERVER)


def test_apply_with_confirm_stays_when_it_is_confirmed(net):
    changed = {**net.config, "routes": [{"prefix": "10.50.0.0/16", "via": SERVER}]}
    net.router.apply(changed, "--confirm", 3)
    net.router.do("confirm")
    time.sleep(3.5)
    assert net.router.route("10.50.0.1")["reached"]


def test_an_unconfirmed_apply_is_rolled_back_by_the_control_after_the_killed_one(net):
    changed = {**net.config, "routes": [{"prefix": "10.50.0.0/16", "via": SERVER}]}
    net.router.apply(changed, "--confirm", 5)
    net.router.kill(net.router.control)
    net.router.start_control()
    net.router.wait_answering()
    assert net.router.route("10.50.0.1")["reached"]
    wait_until(lambda: not net.router.route("10.50.0.1")["reached"], "the route is gone")


def test_rollback_goes_back_to_the_configuration_before(net):
    changed = {**net.config, "routes": [{"prefix": "10.50.0.0/16", "via": SERVER}]}
    net.router.apply(changed)
    net.router.cli("rollback")
    assert not net.router.route("10.50.0.1")["reached"]


def test_sighup_reads_the_file_again(net):
    net.router.write({**net.config, "routes": [{"prefix": "10.50.0.0/16", "via": SERVER}]})
    net.router.control.send_signal(1)
    wait_until(lambda: net.router.route("10.50.0.1")["reached"], "the new route is there")


def test_an_interface_is_added_and_removed_at_run_time_without_a_loss_on_the_others(net):
    third = add_third_host(net)
    with Stream(net.client, net.server, SERVER) as stream:
        net.router.apply(with_third(net.config))
        assert net.router.interface("third")["condition"] == "up"
        assert ping(net.client, "10.3.0.2") and ping(third, SERVER)
        net.router.apply(net.config)
        assert not ping(net.client, "10.3.0.2", count=1)
        net.router.apply(with_third(net.config))
        assert ping(net.client, "10.3.0.2")
    assert stream.loss.lost == 0, stream.loss


def test_an_interface_is_disabled_and_enabled_again(net):
    add_third_host(net)
    net.router.apply(with_third(net.config))
    assert ping(net.client, "10.3.0.2")
    net.router.apply(with_third(net.config, enabled=False))
    assert net.router.interface("third")["condition"] == "disabled"
    assert not ping(net.client, "10.3.0.2", count=1)
    net.router.apply(with_third(net.config))
    assert ping(net.client, "10.3.0.2")


def test_the_address_of_an_interface_changes_at_run_time(net):
    wanted = copy.deepcopy(net.config)
    wanted["interfaces"]["left"]["addresses"] = ["10.1.0.254/24"]
    net.router.apply(wanted)
    assert ping(net.client, "10.1.0.254") and not ping(net.client, "10.1.0.1", count=1)


def test_an_apply_says_which_interface_did_not_come_up_and_it_comes_up_when_it_can(net):
    with pytest.raises(Refused) as refused:
        net.router.apply(with_third(net.config), "--timeout", 3)
    assert "third" in str(refused.value)
    assert net.router.interface("third")["condition"] == "failed"
    assert "No such device" in net.router.interface("third")["why"]
    assert ping(net.client, SERVER)
    add_third_host(net)
    wait_until(lambda: net.router.interface("third")["condition"] == "up", "it comes up")
    assert ping(net.client, "10.3.0.2")


def test_a_network_device_that_is_deleted_and_made_again_is_used_again(net):
    third = add_third_host(net)
    net.router.apply(with_third(net.config))
    assert ping(net.client, "10.3.0.2")
    with Stream(net.client, net.server, SERVER) as stream:
        third.ip("link", "del", "eth")
        wait_until(lambda: net.router.interface("third")["condition"] != "up", "it is gone")
        net.lab.cable(third, "eth", net.middle, "third")
        third.address("eth", "10.3.0.2/24", gateway="10.3.0.1")
        wait_until(lambda: net.router.interface("third")["condition"] == "up", "it is back")
        assert ping(net.client, "10.3.0.2")
    assert stream.loss.lost == 0, stream.loss


def test_a_link_that_goes_down_takes_its_routes_away_and_one_that_comes_up_brings_them_back(net):
    third = add_third_host(net)
    wanted = with_third(net.config)
    wanted["routes"] = [{"prefix": "10.60.0.0/16", "via": "10.3.0.2"}]
    net.router.apply(wanted)
    assert net.router.route("10.60.0.1")["reached"]

    third.down("eth")
    wait_until(lambda: net.router.interface("third")["condition"] == "down", "it is down")
    wait_until(lambda: not net.router.route("10.60.0.1")["reached"], "the route is away")
    out = net.client.run("ping", "-c", 1, "-W", 2, "10.60.0.1", check=False).stdout
    assert "From 10.1.0.1" in out and "Unreachable" in out

    third.up("eth")
    third.ip("route", "replace", "default", "via", "10.3.0.1")
    third.address("lo", "10.60.0.1/32")
    wait_until(lambda: net.router.interface("third")["condition"] == "up", "it is up")
    assert net.router.route("10.60.0.1")["reached"]
    wait_until(lambda: ping(net.client, "10.60.0.1", count=1), "packets take the route again")


def two_ways(net):
    """10.9.0.1 on the server is reached over two cables."""
    net.lab.cable(net.server, "eth2", net.middle, "third")
    net.server.address("eth2", "10.3.0.2/24")
    net.server.address("lo", "10.9.0.1/32")
    for name in ("all", "eth", "eth2"):
        net.server.sysctl(f"net.ipv4.conf.{name}.rp_filter", 0)
        net.server.sysctl(f"net.ipv4.conf.{name}.arp_ignore", 1)
    wanted = with_third(net.config)
    wanted["routes"] = [{"prefix": "10.9.0.0/16", "via": [SERVER, "10.3.0.2"]}]
    net.router.apply(wanted)
    for interface, address in (("eth", "10.2.0.1"), ("eth2", "10.3.0.1")):
        net.server.run("ping", "-c", 1, "-I", interface, address)


def sent_by(net, name):
    return net.router.interface(name)["counters"]["tx_packets"]


FLOWS = 64


def lost_flows(stream, begin=0):
    return {n % FLOWS for n in stream.loss.missing if n >= begin}


def test_equal_cost_next_hops_share_the_flows_and_each_flow_keeps_its_order(net):
    two_ways(net)
    before = {name: sent_by(net, name) for name in ("right", "third")}
    with Stream(net.client, net.server, "10.9.0.1", source_ports=FLOWS) as stream:
        time.sleep(1)
    assert stream.loss.lost == 0, stream.loss
    for name in ("right", "third"):
        share = (sent_by(net, name) - before[name]) / stream.loss.sent
        assert 0.25 < share < 0.75, (name, share)


def test_when_an_equal_cost_next_hop_dies_only_its_flows_move_and_they_move_soon(net, figure):
    two_ways(net)
    with Stream(net.client, net.server, "10.9.0.1", source_ports=FLOWS) as stream:
        net.server.down("eth2")
        wait_until(lambda: net.router.interface("third")["condition"] == "down", "it is down")
        time.sleep(0.3)
        before = sent_by(net, "third")
        time.sleep(0.7)
        assert sent_by(net, "third") == before
    # Half of the flows never noticed, and the other half lost what was sent in between.
    assert 0 < len(lost_flows(stream)) < FLOWS * 3 / 4
    span = (stream.loss.missing[-1] - stream.loss.missing[0]) / stream.rate * 1000
    figure("flows of a next hop whose link died were lost for, ms", f"{span:.0f}")
    assert span < 1000


def test_when_an_equal_cost_next_hop_comes_back_it_takes_its_share_again(net):
    two_ways(net)
    net.server.down("eth2")
    wait_until(lambda: net.router.interface("third")["condition"] == "down", "it is down")
    with Stream(net.client, net.server, "10.9.0.1", source_ports=FLOWS) as stream:
        net.server.up("eth2")
        wait_until(lambda: net.router.interface("third")["condition"] == "up", "it is up")
        before = sent_by(net, "third")
        time.sleep(1)
        assert sent_by(net, "third") > before + 100
    assert stream.loss.lost <= 5 * FLOWS, stream.loss


def test_when_an_equal_cost_neighbour_falls_silent_its_flows_move_to_the_other(net, figure):
    two_ways(net)
    wanted = json.loads(net.router.config_file.read_text())
    wanted["arp"] = {"reachable_s": 1, "attempts": 2, "retry_s": 1}
    net.router.apply(wanted)
    before = sent_by(net, "right")
    # The cable stays up, but nobody answers at its other end.
    net.server.ip("link", "set", "eth2", "arp", "off")
    net.server.ip("addr", "flush", "dev", "eth2")
    net.server.ip("link", "set", "eth2", "address", "02:00:00:00:99:99")

    def condition():
        return net.router.neighbours().get(("third", "10.3.0.2"), {}).get("condition")

    with Stream(net.client, net.server, "10.9.0.1", source_ports=FLOWS) as stream:
        wait_until(lambda: condition() in (None, "failed"), "the neighbour is given up", 15, 0.1)
        time.sleep(0.5)
        last = stream.rate  # packets of the last second
        time.sleep(1)
    assert sent_by(net, "right") > before
    late = [n for n in stream.loss.missing if n > stream.loss.sent - last]
    assert late == [], f"{len(late)} packets lost after the neighbour was given up"
