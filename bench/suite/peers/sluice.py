# SPDX-License-Identifier: BSD-3-Clause
"""Sluice itself: one worker that never sleeps."""
from router import CLI, Router

from lab import wait_until
from workloads import EXTERNAL, GATEWAYS, INSIDE, LEFT, RIGHT

from . import Peer as _Peer, first_line, on_processor


class Peer(_Peer):
    name = "sluice"
    transports = ("memif", "vhost", "veth")
    kinds = ("routes", "nat", "gre", "ipip")
    routes = 1 << 20

    def __init__(self):
        self._router = None

    def version(self):
        return first_line(CLI, "--version")

    def config(self, place, workload):
        interfaces = {side: {"device": device, "addresses": [f"{GATEWAYS[side]}/24"]}
                      for side, device in place.router_devices.items()}
        config = {"dataplane": {"workers": 1, "polling": "busy"}, "interfaces": interfaces,
                  "routes": [{"prefix": p, "via": RIGHT} for p in workload.routes]}
        if workload.kind == "nat":
            config["nat"] = [{"name": "inside", "type": "source", "from": INSIDE,
                              "out": "right", "to": EXTERNAL}]
        if workload.kind in ("gre", "ipip"):
            config["tunnels"] = {"there": {"type": workload.kind, "local": GATEWAYS["right"],
                                           "remote": RIGHT, "addresses": ["172.16.0.1/30"]}}
            config["routes"] = [{"prefix": p, "interface": "there"} for p in workload.routes]
        config["routes"].append({"prefix": INSIDE, "via": LEFT})
        return config

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
