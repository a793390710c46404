# SPDX-License-Identifier: BSD-3-Clause
"""Sluice itself: one worker that never sleeps."""
from router import CLI, Router

from lab import wait_until
from workloads import BESIDE, EXTERNAL, GATEWAYS, INSIDE, LEFT, RIGHT, TUNNEL_ENDS

from . import Peer as _Peer, first_line, on_processor


class Peer(_Peer):
    name = "sluice"
    transports = ("memif", "vhost", "veth")
    kinds = ("routes", "nat", "gre", "ipip", "mixed")
    routes = 1 << 20
    tunnels = 1024

    def __init__(self):
        self._router = None

    def version(self):
        return first_line(CLI, "--version")

    def config(self, place, workload):
        interfaces = {side: {"device": device, "addresses": [f"{GATEWAYS[side]}/24"]}
                      for side, device in place.router_devices.items()}
        config = {"dataplane": {"workers": 1, "polling": "busy"}, "interfaces": interfaces,
                  "routes": [{"prefix": p, "via": RIGHT} for p in workload.routes]}
        config["routes"] += [{"prefix": p, "via": LEFT} for p in (INSIDE, BESIDE)]
        if workload.kind in ("nat", "mixed"):
            config["nat"] = [{"name": "inside", "type": "source", "from": INSIDE,
                              "out": "right", "to": EXTERNAL}]
        if workload.tunnels:
            self.add_tunnels(config, workload)
        return config

    def add_tunnels(self, config, workload):
        kind = "ipip" if workload.kind == "ipip" else "gre"
        config["tunnels"] = {}
        for number, own, behind in workload.tunnel_routes():
            config["tunnels"][f"t{number}"] = {"type": kind, "local": GATEWAYS["right"], "remote": own}
            config["routes"].append({"prefix": behind, "interface": f"t{number}"})
        if workload.tunnels > 1:
            config["routes"].append({"prefix": f"{TUNNEL_ENDS}/16", "via": RIGHT})

    def start(self, place, workload):
        self._router = Router(place.lab, place.router, huge=place.huge)
        with on_processor(place.processors[0]):
            self._router.begin(self.config(place, workload))
        self._router.wait_answering(30)
        wait_until(lambda: self._router.status()["dataplane"]["alive"], "the router polls", 30)
        if workload.table:
            self._router.cli("route", "load", workload.table, "--via", RIGHT, timeout=120)

    def figures(self):
        (worker,) = self._router.show("cycles")["workers"]
        # A stage's cycles are of the packets that took it: spread over all of them, they add up.
        share = {s["stage"]: s["packets"] / max(1, worker["packets"]) for s in worker["stages"]}
        return {"cycles_per_packet": worker["cycles_per_packet"],
                "stages": {s["stage"]: s["cycles_per_packet"] * share[s["stage"]]
                           for s in worker["stages"] if s["cycles_per_packet"] is not None}}
