# SPDX-License-Identifier: BSD-3-Clause
"""The kernel's own forwarding and nftables' masquerade, between two interfaces of type veth.

Packets are spread to the router's processor (RPS), since the kernel would otherwise forward them
on the one that sends.
"""
import platform
import shutil

from workloads import GATEWAYS, INSIDE, LEFT, RIGHT

from . import Peer


class _Linux(Peer):
    transports = ("veth",)

    def version(self):
        return "Linux " + platform.release()

    def start(self, place, workload):
        router = place.router
        for side, address in GATEWAYS.items():
            router.address(side, f"{address}/24")
            router.run("sh", "-c", f"echo {1 << place.processors[0]:x} > "
                                   f"/sys/class/net/{side}/queues/rx-0/rps_cpus")
        router.sysctl("net.ipv4.ip_forward", 1)
        router.sysctl("net.ipv4.conf.all.rp_filter", 0)
        for prefix in workload.routes:
            router.ip("route", "add", prefix, "via", RIGHT)
        router.ip("route", "add", INSIDE, "via", LEFT)


class Forwarding(_Linux):
    name = "linux"
    kinds = ("routes",)


class Masquerade(_Linux):
    name = "linux-masquerade"
    kinds = ("nat",)

    def misses(self):
        return None if shutil.which("nft") else "nft is not installed (Debian: nftables)"

    def start(self, place, workload):
        super().start(place, workload)
        place.router.run("nft", "add table ip nat; "
                         "add chain ip nat out { type nat hook postrouting priority 100; }; "
                         "add rule ip nat out oifname right masquerade")
