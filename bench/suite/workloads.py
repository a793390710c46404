# SPDX-License-Identifier: BSD-3-Clause
"""What is measured: for each workload what the generator sends, and what a router must know for it.

    generator's left 10.1.0.2 ─ 10.1.0.1 router 10.2.0.1 ─ 10.2.0.2 generator's right
"""
import dataclasses
import gzip
import ipaddress
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
FULL_TABLE = ROOT / "config/data/ipv4-prefixes-asn.txt.gz"

LEFT, RIGHT = "10.1.0.2", "10.2.0.2"  # the generator
GATEWAYS = {"left": "10.1.0.1", "right": "10.2.0.1"}  # the router
INSIDE = "10.64.0.0/16"       # hosts behind the generator's left; a NAT translates them
BESIDE = "10.65.0.0/16"       # hosts there that it does not
EXTERNAL = "203.0.113.0/26"  # what a NAT makes of them
FAR = "20.0.0.0/8"            # hosts behind the generator's right
BEHIND_TUNNELS = "21.0.0.0/8"  # and those behind its ends of the tunnels
TUNNEL_ENDS = "198.18.0.0"    # the first of these, where there are many


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    kind: str           # of what a router must be able to: routes, nat, gre, ipip, mixed
    says: str           # for people
    generator: dict     # options of sluice-bench
    routes: tuple = ()  # prefixes by way of the right
    table: pathlib.Path | None = None  # prefixes by way of the right, a file of them
    tunnels: int = 0    # so many, which share out BEHIND_TUNNELS
    loads: tuple = ()   # percent of the rate at which the latency is measured, besides half of it

    def tunnel_routes(self):
        """(number of the tunnel, our end of it, what is behind it)"""
        if self.tunnels == 0:
            return
        bits = (self.tunnels - 1).bit_length()
        parts = ipaddress.ip_network(BEHIND_TUNNELS).subnets(bits)
        for number, part in enumerate(parts):
            own = RIGHT if self.tunnels == 1 else str(ipaddress.ip_address(TUNNEL_ENDS) + number)
            yield number, own, str(part)


def prefixes_of(workload):
    """All that go by way of the right."""
    yield from workload.routes
    if workload.table:
        with gzip.open(workload.table, "rt") as lines:
            yield from (line.split()[0] for line in lines if line.strip() and not line.startswith("#"))


def _nat(name, flows, says, **more):
    return Workload(name, "nat", says, {"workload": "nat", "flows": flows, "left-hosts": INSIDE,
                                        "right-hosts": FAR, **more}, (FAR,))


def _tunnelled(kind, tunnels, direction):
    into = direction == "right"
    many = {"tunnels": tunnels, "tunnel-own": TUNNEL_ENDS} if tunnels > 1 else {}
    name = kind + ("" if into else ":out") + (f":{tunnels}" if tunnels > 1 else "")
    protocol = {"gre": "GRE", "ipip": "IP-in-IP"}[kind]
    what = f"{'into' if into else 'out of'} " + (f"{tunnels} {protocol} tunnels" if many else f"one {protocol} tunnel")
    return Workload(name, kind, what, {"workload": kind, "flows": 60000, "direction": direction,
                                       "right-hosts": BEHIND_TUNNELS, **many}, tunnels=tunnels)


WORKLOADS = {w.name: w for w in (
    Workload("routes:1", "routes", "forwarding by one route", {"right-hosts": FAR, "flows": 60000}, (FAR,),
             loads=(10, 25, 75, 90)),
    Workload("routes:full", "routes", "forwarding by the full table, destinations in any prefix alike",
             {"prefixes": FULL_TABLE, "draw": "in-route", "flows": 1 << 20, "left-hosts": INSIDE},
             table=FULL_TABLE),
    _nat("nat:1k", 1000, "1,000 flows translated"),
    _nat("nat:64k", 65536, "65,536 flows translated"),
    _nat("nat:new", 65536, "65,536 flows translated, one packet in a thousand begins another",
         **{"new-flows": 0.001}),
    *(_tunnelled(kind, 1, direction) for kind in ("gre", "ipip") for direction in ("right", "left")),
    _tunnelled("gre", 1024, "right"),
    Workload("mixed", "mixed", "flows forwarded, translated and into 64 GRE tunnels in turn, 60,000 in all",
             {"workload": "mixed", "flows": 60000, "left-hosts": BESIDE, "nat-hosts": INSIDE, "right-hosts": FAR,
              "tunnel-hosts": BEHIND_TUNNELS, "tunnels": 64, "tunnel-own": TUNNEL_ENDS}, (FAR,), tunnels=64),
)}
# Of TRANSPORT/WORKLOAD/ROUTER, what `--quick` measures.
QUICK = r"^(memif|vhost)/(routes:1|routes:full|nat:64k|gre|gre:out|ipip|mixed)/|^veth/(routes:1|nat:1k)/"
