# SPDX-License-Identifier: BSD-3-Clause
"""Tunnels between two routers, each with its own processes, and a host behind each."""
import json
import re
import subprocess
import time

import pytest

from lab import all_came, wait_until
from two_routers import CLIENT, EAST, SERVER, WEST, by_cable, two_routers
from wire import Stream, Witness

PLAIN = {"type": "gre"}
WHOLE = {"type": "gre", "key": 4026531841, "checksum": True, "sequence": True,
         "keepalive_s": 1, "keepalive_attempts": 2}
IPIP = {"type": "ipip"}
IN_UDP = {"type": "gre", "udp_port": 4754}
OVERHEAD = {"gre": 24, "gre with all it has": 36, "ipip": 20, "gre in udp": 32}
FORMS = {"gre": PLAIN, "gre with all it has": WHOLE, "ipip": IPIP, "gre in udp": IN_UDP}


def one_end(local, remote, address, form):
    return {"local": local, "remote": remote, "addresses": [address], **form}


def joined(lab, form):
    """Each router has a tunnel "over" to the other, and the other's hosts are behind it."""
    def side(local, remote, address, net):
        return {"tunnels": {"over": one_end(local, remote, address, form)},
                "routes": [{"prefix": net, "interface": "over"}]}
    return two_routers(lab, by_cable, west=side(WEST, EAST, "172.31.0.1/30", "10.2.0.0/24"),
                       east=side(EAST, WEST, "172.31.0.2/30", "10.1.0.0/24"))


def ping(net, *more, count=5):
    return net.client.run("ping", "-n", "-c", count, "-i", 0.02, "-W", 1, *more, SERVER,
                          check=False).stdout


def gigabits(net, seconds):
    net.server.spawn("iperf3", "-s", "-1", stdout=subprocess.DEVNULL)
    wait_until(lambda: ":5201" in net.server.run("ss", "-tln").stdout, "iperf3 listens")
    out = net.client.run("iperf3", "-c", SERVER, "-t", seconds, "-J", timeout=60).stdout
    return json.loads(out)["end"]["sum_received"]["bits_per_second"] / 1e9


def tunnel(router, name="over"):
    return router.show("tunnel", name)["tunnels"][0]


def condition_is(router, wanted, name="over", timeout=10):
    wait_until(lambda: tunnel(router, name)["condition"] == wanted, f"{name} is {wanted}", timeout,
               0.05)


@pytest.mark.parametrize("form", FORMS)
def test_hosts_meet_through_a_tunnel(lab, form, figure):
    net = joined(lab, FORMS[form])
    mtu = 1500 - OVERHEAD[form]
    wait_until(lambda: all_came(ping(net, count=1)), "the first packets cross")
    outside = Witness(net.west.host, "between", "ip and not (proto 47 or proto 4 or udp port 4754)")
    assert all_came(ping(net))
    assert all_came(ping(net, "-s", 1472, "-M", "dont")), "in fragments"
    assert outside.lines() == [], "nothing goes between the routers but in the tunnel"

    hops = net.client.run("traceroute", "-n", "-q", 1, "-w", 2, SERVER).stdout.splitlines()[1:]
    assert [hop.split()[1] for hop in hops] == ["10.1.0.1", "172.31.0.2", SERVER]
    assert f"mtu = {mtu}" in ping(net, "-M", "do", "-s", 1472, count=1).replace("mtu=", "mtu = ")
    net.client.ip("route", "flush", "cache")
    assert f"pmtu {mtu}" in net.client.run("tracepath", "-n", "-m", 4, SERVER).stdout

    rate = gigabits(net, 2)
    figure(f"iperf3 through {form} between two routers, Gbit/s", f"{rate:.2f}")
    assert rate > 0.02
    with Stream(net.client, net.server, SERVER) as stream:
        time.sleep(1)
    assert stream.loss.lost == 0, stream.loss


def test_a_tunnel_is_shown_where_interfaces_are(lab):
    net = joined(lab, WHOLE)
    wait_until(lambda: all_came(ping(net)), "the first packets cross")
    shown = tunnel(net.west)
    assert (shown["condition"], shown["why"], shown["mtu"]) == ("up", "", 1464)
    assert (shown["type"], shown["local"], shown["remote"]) == ("gre", WEST, EAST)
    assert (shown["key"], shown["checksum"], shown["sequence"]) == (4026531841, True, True)
    assert shown["counters"]["rx_packets"] >= 5 and shown["counters"]["tx_packets"] >= 5
    assert shown["answered_ago_s"] < 3
    said = net.west.cli_raw("show", "tunnel", "over").stdout
    assert "over is up" in said and "to the remote dev between" in said, said
    assert re.search(r"^over +gre +10\.9\.0\.1 - 10\.9\.0\.2 key 4026531841 +up +1464 ",
                     net.west.cli_raw("show", "tunnel").stdout, re.M)

    interface = net.west.interface("over")
    assert (interface["condition"], interface["asked"]["device"]) == ("up", "gre to 10.9.0.2")
    assert interface["counters"]["rx_packets"] >= 5
    assert "over" in json.dumps(net.west.route(SERVER))
    told = net.west.cli_raw("explain", "--in", "left", "--src", CLIENT, "--dst", SERVER).stdout
    assert "over" in told and "between" in told and EAST in told, told
    told = net.west.cli_raw("explain", "--in", "over", "--src", SERVER, "--dst", CLIENT).stdout
    assert "left" in told, told


def unreachable(net):
    said = ping(net, count=1)
    return "Destination" in said and "nreachable" in said


def test_a_tunnel_whose_other_end_is_dead_is_down_and_its_routes_with_it(lab, figure):
    net = joined(lab, WHOLE)
    wait_until(lambda: all_came(ping(net, count=1)), "the first packets cross")
    net.east.kill(net.east.dataplane)
    died = time.monotonic()
    condition_is(net.west, "down")
    figure("a tunnel with keepalive_s 1 and 2 attempts was down after, s",
           f"{time.monotonic() - died:.1f}")
    assert tunnel(net.west)["why"] == "the remote does not answer keepalives"
    assert unreachable(net)
    assert "the remote does not answer" in net.west.cli_raw("show", "tunnel").stdout
    net.west.do("route", "add", "10.2.0.0/16", "via", EAST)
    assert "10.2.0.0/16" in json.dumps(net.west.route(SERVER)), "a shorter prefix takes over"
    net.east.start_dataplane()
    condition_is(net.west, "up")
    net.east.wait_ready()
    wait_until(lambda: all_came(ping(net)), "packets cross again")


def test_sequence_numbers_go_on_after_kill_9_of_either_dataplane(lab, figure):
    net = joined(lab, {**WHOLE, "keepalive_s": 0})
    wait_until(lambda: all_came(ping(net)), "the first packets cross")
    for router in net.routers:
        with Stream(net.client, net.server, SERVER) as there, \
                Stream(net.server, net.client, CLIENT, port=7001) as back:
            router.kill(router.dataplane)
            router.start_dataplane()
            router.wait_ready()
            time.sleep(0.5)
        for stream in (there, back):
            assert stream.loss.whole_at_the_end > 0.2 * stream.rate, stream.loss
        figure(f"traffic in a tunnel gone after kill -9 of {router.host.name}, ms",
               f"{there.loss.longest_silence_ms:.0f}")
        assert all_came(ping(net))
        assert [r.drops().get("gre_late", 0) for r in net.routers] == [0, 0]


def with_more(config, more):
    return {**config, "tunnels": {**config["tunnels"], **more}}


def test_tunnels_come_change_and_go_while_another_carries_traffic_without_loss(lab):
    net = joined(lab, PLAIN)
    wait_until(lambda: all_came(ping(net)), "the first packets cross")
    wests, easts = net.config[net.west], net.config[net.east]
    with Stream(net.client, net.server, SERVER) as stream:
        for n in range(3):
            form = {"type": "gre", "key": n, "checksum": n == 1}
            net.west.apply(with_more(wests, {"second": one_end(WEST, EAST, "172.31.1.1/30", form)}))
            net.east.apply(with_more(easts, {"second": one_end(EAST, WEST, "172.31.1.2/30", form)}))
            net.west.wait_ready()
            net.west.do("route", "add", "10.77.0.0/16", "dev", "second")
            assert tunnel(net.west, "second")["key"] == n
            net.west.do("route", "del", "10.77.0.0/16")
        net.west.apply(wests)
        net.east.apply(easts)
        assert [t["name"] for t in net.west.show("tunnel")["tunnels"]] == ["over"]
    assert stream.loss.sent > 1000 and stream.loss.lost == 0, stream.loss


def test_of_two_tunnels_the_one_that_is_left_carries_all(lab):
    net = joined(lab, {**PLAIN, "keepalive_s": 1, "keepalive_attempts": 1})

    def with_two(router, local, remote, own, other):
        config = net.config[router]
        second = one_end(local, remote, f"172.31.1.{own}/30", IPIP)
        route = {"prefix": config["routes"][0]["prefix"],
                 "via": [f"172.31.0.{other}", f"172.31.1.{other}"]}
        return {**with_more(config, {"second": second}), "routes": [route]}

    net.west.apply(with_two(net.west, WEST, EAST, 1, 2))
    both = with_two(net.east, EAST, WEST, 2, 1)
    net.east.apply(both)
    both["tunnels"]["over"]["enabled"] = False
    with Stream(net.client, net.server, SERVER, source_ports=32) as stream:
        wait_until(lambda: all(tunnel(net.west, name)["counters"]["tx_packets"] > 100
                               for name in ("over", "second")), "both carry flows")
        net.east.apply(both)
        condition_is(net.west, "down")
        time.sleep(1)
    assert stream.loss.lost < 0.6 * stream.loss.sent, stream.loss
    assert all_came(ping(net, count=20))
