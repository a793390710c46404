# SPDX-License-Identifier: BSD-3-Clause
"""As many tunnels as there can be, between two routers."""
import time

from lab import wait_until
from test_tunnels import EAST, PLAIN, SERVER, WEST, all_came, joined, one_end, ping
from wire import Stream

MOST = 4096


def with_many(config, local, remote, own, towards):
    """4,095 tunnels more, each with a network of its own and a route into it."""
    def network(n):
        return f"172.{16 + n // 64 // 256}.{n // 64 % 256}.{n % 64 * 4 + own}/30"

    more = {f"t{n}": one_end(local, remote, network(n), {**PLAIN, "key": n}) for n in range(1, MOST)}
    routes = [{"prefix": f"100.{towards + n // 256}.{n % 256}.0/24", "interface": f"t{n}"}
              for n in range(1, MOST)]
    return {**config, "tunnels": {**config["tunnels"], **more}, "routes": config["routes"] + routes}


def measured(figure, what, action):
    began = time.monotonic()
    result = action()
    took = time.monotonic() - began
    figure(f"{what}, s", f"{took:.2f}")
    return result, took


def test_4096_tunnels_are_applied_shown_used_and_removed_beside_traffic(lab, figure):
    net = joined(lab, PLAIN)
    wait_until(lambda: all_came(ping(net)), "the first packets cross")
    last = f"100.{16 + (MOST - 1) // 256}.{(MOST - 1) % 256}.5"
    net.server.address("lo", f"{last}/32")
    west = with_many(net.config[net.west], WEST, EAST, 1, 16)
    east = with_many(net.config[net.east], EAST, WEST, 2, 32)
    east["routes"].append({"prefix": f"{last}/32", "via": SERVER})

    with Stream(net.client, net.server, SERVER) as stream:
        _, checked = measured(figure, "check of 4,096 tunnels",
                              lambda: net.west.cli_raw("check", net.west.write(west)))
        _, applied = measured(figure, "apply of 4,096 tunnels", lambda: net.west.apply(west))
        net.east.apply(east)
        shown, show = measured(figure, "show tunnel of 4,096, as JSON",
                               lambda: net.west.show("tunnel")["tunnels"])
        assert len(shown) == MOST
        wait_until(lambda: {t["condition"] for t in net.west.show("tunnel")["tunnels"]} == {"up"},
                   "all are up")
        said = net.client.run("ping", "-c", 5, "-i", 0.05, "-W", 1, last, check=False).stdout
        assert all_came(said), said
        counters = net.west.show("tunnel", f"t{MOST - 1}")["tunnels"][0]["counters"]
        assert counters["tx_packets"] == 5
        busy = net.west.processor_seconds(net.west.control)
        time.sleep(1)
        figure("control's share of a processor with 4,096 tunnels",
               f"{net.west.processor_seconds(net.west.control) - busy:.3f}")
        _, removed = measured(figure, "removal of 4,095 tunnels",
                              lambda: net.west.apply(net.config[net.west]))
    assert stream.loss.lost == 0, stream.loss
    assert len(net.west.show("tunnel")["tunnels"]) == 1
    # Each takes a fraction of this where nothing else runs: what it would show is a square of 4,096.
    assert max(checked, applied, show, removed) < 10
