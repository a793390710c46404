# SPDX-License-Identifier: BSD-3-Clause
"""Two routers side by side, each with its own two processes and memories, and a host behind each.

    client 10.1.0.2 ─ left 10.1.0.1 WEST 10.9.0.1 ══ 10.9.0.2 EAST right 10.2.0.1 ─ 10.2.0.2 server

    with Lab() as lab:
        net = two_routers(lab, by_cable)
        net.west.show("route"); net.client.run("ping", "-c", 1, "10.2.0.2")

How the two are joined is a function of the lab and their two hosts, which lays what it needs and
returns the device of either end. What a test wants otherwise than here, it says by router:
west={"routes": [...]}; interfaces are added to those that are here, all else is replaced.
"""
from router import Router, af_packet

CLIENT, SERVER = "10.1.0.2", "10.2.0.2"
WEST, EAST = "10.9.0.1", "10.9.0.2"


def by_cable(lab, west, east):
    lab.cable(west, "between", east, "between")
    return af_packet("between", 1), af_packet("between", 1)


def by_memif(lab, *_):
    """A memory that both map. The path is the file system's, since namespaces share no other."""
    at = f"socket={lab.directory / 'memif.sock'},socket-abstract=no"
    return f"net_memif0,role=server,{at}", f"net_memif0,role=client,{at}"


def by_vhost(lab, *_):
    """West is the hypervisor's side, east the guest's, with the driver that a guest has."""
    socket = lab.directory / "vhost.sock"
    return f"net_vhost0,iface={socket}", f"net_virtio_user0,path={socket}"


def _config(own, link, elsewhere, more):
    (name, address), (device, link_address, neighbour) = own, link
    return {"dataplane": {"workers": 1, "buffers": 4096},
            "routes": [{"prefix": elsewhere, "via": neighbour}], **more,
            "interfaces": {name: {"device": af_packet(name), "addresses": [address]},
                           "between": {"device": device, "addresses": [f"{link_address}/24"]},
                           **more.get("interfaces", {})}}


class TwoRouters:
    def __init__(self, lab, join, west, east):
        self.lab = lab
        self.client, self.server = lab.host("client"), lab.host("server")
        self.west, self.east = (Router(lab, lab.host(name)) for name in ("west", "east"))
        self.routers = (self.west, self.east)
        self._lay(self.client, CLIENT, self.west, "left", "10.1.0.1")
        self._lay(self.server, SERVER, self.east, "right", "10.2.0.1")
        devices = join(lab, self.west.host, self.east.host)
        self.config = {
            self.west: _config(("left", "10.1.0.1/24"), (devices[0], WEST, EAST), "10.2.0.0/24", west),
            self.east: _config(("right", "10.2.0.1/24"), (devices[1], EAST, WEST), "10.1.0.0/24", east)}

    def _lay(self, host, address, router, port, gateway):
        self.lab.cable(host, "eth", router.host, port)
        host.address("eth", f"{address}/24", gateway=gateway)

    def start(self):
        # Neither waits for the other, as two machines would not.
        for router in self.routers:
            router.begin(self.config[router])
        for router in self.routers:
            router.wait_ready()
        return self


def two_routers(lab, join, west=None, east=None):
    return TwoRouters(lab, join, west or {}, east or {}).start()
