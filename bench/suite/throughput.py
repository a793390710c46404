# SPDX-License-Identifier: BSD-3-Clause
"""Routers as processes, one after another and round after round, each on one processor with the
generator on the other."""
import dataclasses
import json
import re
import subprocess
import threading

import peers
import placement
from lab import Failed, Lab
from progress import Clock, minutes, say
from transports import SIDES, TRANSPORTS, lay
from workloads import GATEWAYS, LEFT, RIGHT, ROOT, WORKLOADS

FAULTS = 3  # the generator's exit status for lost and wrong packets: a result too
ANY_MAC = "02:00:00:00:00:fe"
FAILURES = (Failed, OSError, ValueError, subprocess.SubprocessError)
HALF = 50  # percent of the rate
SECONDS_AROUND = 4  # a run of a router: to start it and the generator, and to end them


@dataclasses.dataclass
class Settings:
    generator: object    # Path of sluice-bench
    probe: object        # Path of one_way
    only: str = ""       # regular expression of TRANSPORT/WORKLOAD/PEER
    rounds: int = 3
    seconds: float = 2.0
    size: str = "64"
    processors: tuple = (0, 1)
    huge: bool = False
    more_peers: tuple = ()  # adapter files
    until: float | None = None  # of time.monotonic(): then no further round's run begins


def ask_after_the_first_trial(lines, peer):
    """What the router says of itself then, and all that the generator said."""
    said, figures = [], None
    for line in lines:
        said.append(line)
        if "Mpps sent" in line:
            figures = peer.figures()
            break
    return figures, "".join([*said, *lines])


class Suite:
    def __init__(self, settings):
        self.settings = settings
        self.left_out = []
        self.peers = []
        self.clock = None
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

    def turns(self):
        """(number of the round, transport, workload, peer), each peer of a case first now and then."""
        plan = list(self.plan())
        for number in range(self.settings.rounds):
            for transport, workload, taking in plan:
                for peer in taking[number % len(taking):] + taking[:number % len(taking)]:
                    yield number, transport, workload, peer

    def run(self):
        turns, runs = list(self.turns()), []
        first_round = sum(turn[0] == 0 for turn in turns)
        trials = sum(2 + len(turn[2].loads) for turn in turns) / max(1, len(turns))
        self.clock = Clock(len(turns), SECONDS_AROUND + trials * (self.settings.seconds + 0.5), self.settings.until, first_round)
        for each in self.left_out:
            say(f"{each['peer']} is left out: {each['why']}")
        say(f"{len(turns)} runs of routers, about {minutes(self.clock.rest())}")
        for turn in turns:
            if not self.clock.has_time():
                say(f"time is over: {len(runs)} of {len(turns)} runs, each router has {turn[0]} or more")
                break
            runs.append(self.one_run(*turn))
        return runs

    def one_run(self, number, transport, workload, peer):
        run = {"case": f"{transport}/{workload.name}", "peer": peer.name, "round": number}
        before = placement.bring_near(self.settings.probe, self.settings.processors)
        try:
            run |= self.measure_patiently(run, transport, workload, peer)
        except FAILURES as why:
            run["failed"] = str(why)[-2000:]
        after = self.probe()
        run |= {"one_way_cycles": [before, after], "placement": placement.placement(before, after)}
        self.clock.tick()
        self.tell(run)
        return run

    def measure_patiently(self, run, transport, workload, peer):
        """DPDK's memif ends a process now and then when both ends connect. So there is a second try, and the
        report says of each run that had one."""
        try:
            return self.measure(transport, workload, peer)
        except FAILURES as why:
            run["first_try"] = str(why)[-2000:]
            return self.measure(transport, workload, peer)

    def tell(self, run):
        told = "FAILED: " + run["failed"].strip().split("\n")[-1] if "failed" in run else (
            f"{run['received_pps'] / 1e6:.3f} Mpps, limit: {run['limited_by']}, {run['placement']}")
        say(f"{self.clock.done} of {self.clock.runs}: {run['case']}, {run['peer']}: {told}; "
            f"{minutes(self.clock.rest())} left")

    def probe(self):
        return placement.one_way_cycles(self.settings.probe, self.settings.processors)

    def measure(self, transport, workload, peer):
        with Lab() as lab:
            place = lay(lab, transport, self.settings.processors, self.settings.huge)
            peer.start(place, workload)
            found, figures = self.generate(place, workload, peer)
        full = found["trial"]
        at = {round(100 * each["share"]): each["trial"] for each in found["loads"]}
        latencies = {load: stream["latency_us"] for load, trial in at.items()
                     for stream in trial["directions"].values()}
        return {"received_pps": full["received_pps"], "offered_pps": full["offered_pps"],
                "loss": full["loss"], "faults": full["faults"],
                "limited_by": found["limited_by"], "latency_us": latencies[HALF],
                "latency_at": {str(load): latency for load, latency in latencies.items()},
                "loss_at_half": at[HALF]["loss"], "router": figures,
                "command": self.command_for_people(place, workload, peer)}

    def command_for_people(self, place, workload, peer):
        """The same in each round, and on each machine."""
        command = " ".join(map(str, self.command(place, workload, peer)))
        command = command.replace(str(self.settings.generator), "sluice-bench")
        return command.replace(str(place.lab.directory), "/tmp").replace(f"{ROOT}/", "")

    def generate(self, place, workload, peer):
        """The generator's report, and what the router says of itself after the first trial. Both know each other
        for one run of the generator alone: DPDK's memif may end a router when a peer leaves."""
        report = place.lab.directory / "report.json"
        with peers.on_processor(place.processors[1]):
            process = place.generator.spawn(*self.command(place, workload, peer), "--json", report,
                                            stderr=subprocess.PIPE, text=True)
        timer = threading.Timer(120 + 10 * self.settings.seconds, process.kill)
        timer.start()
        try:
            figures, said = ask_after_the_first_trial(process.stderr, peer)
            code = process.wait()
        finally:
            timer.cancel()
        if code not in (0, FAULTS):
            raise Failed(f"sluice-bench: exit {code}\n{said}")
        found = json.loads(report.read_text())
        if "nothing_comes" in found:
            raise Failed(found["nothing_comes"])
        return found, figures

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
                "--seconds", self.settings.seconds,
                "--loads", ",".join(f"{load / 100:g}" for load in (HALF, *workload.loads))]
