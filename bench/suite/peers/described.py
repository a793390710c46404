# SPDX-License-Identifier: BSD-3-Clause
"""A router of which a file says all: vpp.toml and grout.toml are examples.

    name, says       as it is called, and what is to be known of its figures
    program          what must be installed; with `package`, where it comes from
    version          the command that tells it
    transports       memif, vhost, veth
    kinds            of workloads: routes, nat, gre, ipip
    routes           how many it can be told here (1)
    hops             by how much it lowers the time to live (1)
    arp              whether it answers for its addresses (true)
    start            the command, a list of words
    ready            a file that is there once it listens; may be left out
    configure        a command to be run once it listens, a list of words; may be left out
    [files]          name = text: written into {directory} before it starts
    route            the text for each prefix that is by way of the right
    [memif]          for each transport: `left` and `right`, what its ends are called (DPDK's device
                     arguments), and `make`, the text that makes them
    [lines]          for each kind of workload a text

In every text {name} stands for core, directory, left_device and right_device (DPDK's), left_socket, right_socket,
left and right (as above), left_gateway and right_gateway (its own addresses), left_host and right_host (the
generator's), inside (the network behind the left), external_first and external_last (what a NAT makes of it),
behind_tunnel; in `route` also for prefix; in files also for make, lines and routes.
"""
import ipaddress
import pathlib
import shutil
import subprocess
import tomllib

from lab import Failed, wait_until
from workloads import BEHIND_TUNNELS, EXTERNAL, GATEWAYS, INSIDE, LEFT, RIGHT, prefixes_of

from . import Peer, first_line, on_processor


class Described(Peer):
    def __init__(self, file):
        self.text = tomllib.loads(pathlib.Path(file).read_text())
        for key in ("name", "program", "transports", "kinds", "start"):
            if key not in self.text:
                raise ValueError(f"{file}: a description needs {key}")
        self.name, self.says = self.text["name"], self.text.get("says", "")
        self.transports, self.kinds = self.text["transports"], self.text["kinds"]
        self.routes, self.hops = self.text.get("routes", 1), self.text.get("hops", 1)
        self.arp = self.text.get("arp", True)

    def misses(self):
        if shutil.which(self.text["program"]):
            return None
        return f"{self.text['program']} is not installed ({self.text.get('package', 'it has no package here')})"

    def version(self):
        return first_line(*self.text["version"]) if "version" in self.text else ""

    def words(self, place, workload):
        """What stands for the names in its texts."""
        external = ipaddress.ip_network(EXTERNAL)
        devices = {f"{side}_device": device for side, device in place.router_devices.items()}
        words = {"core": place.processors[0], "directory": place.lab.directory, **devices,
                 "left_socket": place.listens_at("left"), "right_socket": place.listens_at("right"),
                 "left_gateway": GATEWAYS["left"], "right_gateway": GATEWAYS["right"],
                 "left_host": LEFT, "right_host": RIGHT, "inside": INSIDE, "behind_tunnel": BEHIND_TUNNELS,
                 "external_first": external[0], "external_last": external[-1]}
        ends = self.text.get(place.transport, {})
        for side in ("left", "right"):
            words[side] = ends.get(side, "{" + side + "_device}").format(**words)
        words["make"] = ends.get("make", "").format(**words)
        words["lines"] = self.text.get("lines", {}).get(workload.kind, "").format(**words)
        route = self.text.get("route", "")
        words["routes"] = "\n".join(route.format(prefix=p, **words) for p in prefixes_of(workload))
        return words

    def start(self, place, workload):
        words = self.words(place, workload)
        for name, text in self.text.get("files", {}).items():
            (place.lab.directory / name).write_text(text.format(**words))
        log = place.lab.directory / self.name
        with on_processor(place.processors[0]):
            process = place.router.spawn(*(word.format(**words) for word in self.text["start"]),
                                         stdin=subprocess.DEVNULL, stdout=open(log, "w"), stderr=subprocess.STDOUT)

        def listens():
            if process.poll() is not None:
                raise Failed(f"{self.name} ended:\n{log.read_text()}")
            return pathlib.Path(self.text["ready"].format(**words)).exists()

        if "ready" in self.text:
            wait_until(listens, f"{self.name} is ready", 60)
        if "configure" in self.text:
            place.router.run(*(word.format(**words) for word in self.text["configure"]), timeout=600)
