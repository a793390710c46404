# SPDX-License-Identifier: BSD-3-Clause
"""Routers as processes, one after another and round after round, each on one processor with the
generator on the other."""
import dataclasses
import json
import re
import subprocess
import sys

import peers
import placement
from lab import Failed, Lab
from transports import SIDES, TRANSPORTS, lay
from workloads import GATEWAYS, LEFT, RIGHT, WORKLOADS

FAULTS = 3  # the generator's exit status for lost and wrong packets: a result too
ANY_MAC = "02:00:00:00:00:fe"


@dataclasses.dataclass
class Settings:
    generator: object    # Path of sluice-bench
    probe: object        # Path of one_way
    only: str = ""       # regular expression of CASE/PEER
    rounds: int = 3
    seconds: float = 2.0
    size: str = "64"
    processors: tuple = (0, 1)
    huge: bool = False
    more_peers: tuple = ()  # adapter files


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


class Suite:
    def __init__(self, settings):
        self.settings = settings
        self.left_out = []
        self.peers = []
        for peer in [*peers.all_peers(), *map(peers.load, settings.more_peers)]:
            why = peer.misses()
            if why is None:
                self.peers.append(peer)
            else:
                self.left_out.append({"peer": peer.name, "why": why})

    def plan(self):
        """(transport, workload, peers): who is measured in which case."""
        for transport in TRANSPORTS:
            for workload in WORKLOADS.values():
                taking = [p for p in self.peers if p.takes(transport, workload) and
                          re.search(self.settings.only, f"{transport}/{workload.name}/{p.name}")]
                # Alone, a transport that is there for somebody else says nothing.
                if taking and (transport != "veth" or len(taking) > 1 or self.settings.only):
                    yield transport, workload, taking

    def run(self):
        plan, runs = list(self.plan()), []
        for number in range(self.settings.rounds):
            for transport, workload, taking in plan:
                # Each is first now and then.
                for peer in taking[number % len(taking):] + taking[:number % len(taking)]:
                    runs.append(self.one_run(number, transport, workload, peer))
        return runs

    def one_run(self, number, transport, workload, peer):
        case = f"{transport}/{workload.name}"
        run = {"case": case, "peer": peer.name, "round": number}
        before = self.probe()
        try:
            run |= self.measure(transport, workload, peer)
        except (Failed, OSError, ValueError, subprocess.SubprocessError) as why:
            run["failed"] = str(why)[-2000:]
        after = self.probe()
        run |= {"one_way_cycles": [before, after], "placement": placement.placement(before, after)}
        told = run.get("failed", "").strip().split("\n")[-1] or (
            f"{run['received_pps'] / 1e6:.3f} Mpps, limit: {run['limited_by']}, {run['placement']}")
        say(f"round {number + 1}, {case}, {peer.name}: {told}")
        return run

    def probe(self):
        return placement.one_way_cycles(self.settings.probe, self.settings.processors)

    def measure(self, transport, workload, peer):
        with Lab() as lab:
            place = lay(lab, transport, self.settings.processors, self.settings.huge)
            peer.start(place, workload)
            full = self.generate(place, workload, peer)
            figures = peer.figures()
            rate = full["trial"]["received_pps"]
            half = self.generate(place, workload, peer, "--pps", max(1, round(rate / 2)))
        stream = half["trial"]["directions"]["right"]
        return {"received_pps": rate, "offered_pps": full["trial"]["offered_pps"],
                "loss": full["trial"]["loss"], "faults": full["trial"]["faults"],
                "limited_by": full["limited_by"], "latency_us": stream["latency_us"],
                "loss_at_half": half["trial"]["loss"], "router": figures,
                "command": " ".join(map(str, self.command(place, workload, peer)))}

    def generate(self, place, workload, peer, *mode):
        command = [*self.command(place, workload, peer), *mode]
        with peers.on_processor(place.processors[1]):
            done = place.generator.run(*command, check=False, timeout=120 + 10 * self.settings.seconds)
        if done.returncode not in (0, FAULTS):
            raise Failed(f"sluice-bench: exit {done.returncode}\n{done.stderr}")
        report = json.loads(done.stdout)
        if "nothing_comes" in report:
            raise Failed(report["nothing_comes"])
        return report

    def command(self, place, workload, peer):
        options = {"size": self.settings.size, "core": place.processors[1], "hops": peer.hops,
                   "buffers": 32768, "memory": 512} | workload.generator
        for side, address in zip(SIDES, (LEFT, RIGHT)):
            options |= {side: place.generator_devices[side], f"{side}-address": f"{address}/24",
                        f"{side}-gateway": GATEWAYS[side]}
            if not peer.arp:
                options[f"{side}-gateway-mac"] = ANY_MAC
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        return [self.settings.generator, *words, *([] if place.huge else ["--no-huge"]), "rate",
                "--seconds", self.settings.seconds]
