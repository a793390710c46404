# SPDX-License-Identifier: BSD-3-Clause
"""How a router and the generator are joined: for each side the router's device and the other one."""
import dataclasses

from lab import Host, Lab

SIDES = ("left", "right")


@dataclasses.dataclass
class Place:
    """Where one run takes place."""
    lab: Lab
    transport: str
    router: Host       # the router's namespace
    generator: Host
    router_devices: dict     # side to DPDK device arguments
    generator_devices: dict
    processors: tuple  # the router's, the generator's
    huge: bool

    def listens_at(self, side):
        """The socket at which the router's end of memif or vhost listens."""
        return _socket(self.lab, side)


def _socket(lab, side):
    return lab.directory / f"{side}.sock"


def _memif(lab, router, generator, huge):
    # What comes to the right comes into the generator's own buffers, if they lie on huge pages. Of one port alone:
    # when it is connected DPDK 22.11 closes the file of these buffers, and a second port would send another's.
    for number, side in enumerate(SIDES):
        at = f"socket={_socket(lab, side)},socket-abstract=no"
        own_buffers = ",zero-copy=yes" if huge and side == "right" else ""
        yield f"net_memif{number},role=server,{at}", f"net_memif{number},role=client,{at}{own_buffers}"


def _vhost(lab, router, generator, huge):
    for number, side in enumerate(SIDES):
        socket = _socket(lab, side)
        yield (f"net_vhost{number},iface={socket}",
               f"net_virtio_user{number},path={socket},queue_size=1024")


def _veth(lab, router, generator, huge):
    for number, side in enumerate(SIDES):
        lab.cable(router, side, generator, side)
        yield f"net_af_packet{number},iface={side}", f"net_af_packet{number},iface={side}"


TRANSPORTS = {
    "memif": (_memif, "shared memory; what the generator gets is not copied by it"),
    "vhost": (_vhost, "vhost-user and virtio-user: the way into a virtual machine"),
    "veth": (_veth, "a pair of the kernel's interfaces: what the kernel's own forwarding can be compared "
                    "by. The generator (and Sluice) use AF_PACKET, so this measures the kernel's "
                    "way into and out of it too, which costs most of the time"),
}


def lay(lab, transport, processors, huge):
    router, generator = lab.host("router"), lab.host("generator")
    pairs = list(TRANSPORTS[transport][0](lab, router, generator, huge))
    return Place(lab, transport, router, generator,
                 {side: pair[0] for side, pair in zip(SIDES, pairs)},
                 {side: pair[1] for side, pair in zip(SIDES, pairs)}, processors, huge)
