# SPDX-License-Identifier: BSD-3-Clause
"""What is measured: for each workload what the generator sends, and what a router must know for it.

    generator's left 10.1.0.2 ─ 10.1.0.1 router 10.2.0.1 ─ 10.2.0.2 generator's right
"""
import dataclasses
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
FULL_TABLE = ROOT / "config/data/ipv4-prefixes-asn.txt.gz"

LEFT, RIGHT = "10.1.0.2", "10.2.0.2"  # the generator
GATEWAYS = {"left": "10.1.0.1", "right": "10.2.0.1"}  # the router
INSIDE = "10.64.0.0/16"       # hosts behind the generator's left
EXTERNAL = "203.0.113.0/26"  # what a NAT makes of them


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    kind: str           # of what a router must be able to: routes, nat, gre, ipip
    says: str           # for people
    generator: dict     # options of sluice-bench
    routes: tuple = ()  # prefixes by way of the right
    table: pathlib.Path | None = None  # prefixes by way of the right, a file of them


WORKLOADS = {w.name: w for w in (
    Workload("routes:1", "routes", "forwarding by one route",
             {"right-hosts": "20.0.0.0/8", "flows": 60000}, ("20.0.0.0/8",)),
    Workload("routes:full", "routes", "forwarding by the full table, destinations in any prefix alike",
             {"prefixes": FULL_TABLE, "draw": "in-route", "flows": 1 << 20, "left-hosts": INSIDE},
             table=FULL_TABLE),
    Workload("nat:1k", "nat", "1,000 flows translated", {"workload": "nat", "flows": 1000,
             "left-hosts": INSIDE, "right-hosts": "20.0.0.0/8"}, ("20.0.0.0/8",)),
    Workload("nat:64k", "nat", "65,536 flows translated", {"workload": "nat", "flows": 65536,
             "left-hosts": INSIDE, "right-hosts": "20.0.0.0/8"}, ("20.0.0.0/8",)),
    Workload("gre", "gre", "into a GRE tunnel", {"workload": "gre", "flows": 60000,
             "right-hosts": "20.0.0.0/8"}, ("20.0.0.0/8",)),
    Workload("ipip", "ipip", "into an IP-in-IP tunnel", {"workload": "ipip", "flows": 60000,
             "right-hosts": "20.0.0.0/8"}, ("20.0.0.0/8",)),
)}
