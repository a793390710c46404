# SPDX-License-Identifier: BSD-3-Clause
"""Other devices than AF_PACKET: TAP, AF_XDP, and virtio with a vhost backend behind it."""
import os
import pathlib
import re
import subprocess
import time

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.utils import rdpcap

from lab import Failed, all_came, wait_until
from router import Router, af_packet
from wire import LONGEST_GAP_MS, Stream

HUGE = pathlib.Path("/proc/sys/vm/nr_hugepages")
PAGES = 192  # of 2 MiB: packets, queues and the two memories


def pings(host, address, *more):
    out = host.run("ping", "-c", 10, "-i", 0.02, "-W", 1, *more, address, check=False).stdout
    return all_came(out)


def works(client, server, *sizes):
    assert pings(client, "10.1.0.1") and pings(server, "10.2.0.1")
    assert pings(client, "10.2.0.2")
    for size in sizes:
        out = client.run("ping", "-c", 10, "-i", 0.02, "-W", 1, "-s", size, "10.2.0.2", check=False).stdout
        assert all_came(out), out
    out = client.run("traceroute", "-n", "-q", 1, "-w", 2, "10.2.0.2").stdout
    assert out.splitlines()[1].split()[1] == "10.1.0.1"


@pytest.fixture
def sides(lab):
    """Client, server and the router's namespace; the server's cable is there, on AF_PACKET."""
    client, server, middle = lab.host("client"), lab.host("server"), lab.host("router")
    lab.cable(server, "eth", middle, "right")
    server.address("eth", "10.2.0.2/24", gateway="10.2.0.1")
    return lab, client, server, middle


def config(left, **more):
    return {"dataplane": {"workers": 1, "buffers": 4096},
            "interfaces": {"left": {"device": left, "addresses": ["10.1.0.1/24"], **more},
                           "right": {"device": af_packet("right", 1), "addresses": ["10.2.0.1/24"]}}}


def bridge_to(lab, host, middle, tap):
    """What the router sends to its TAP comes out of the host's cable."""
    lab.cable(host, "eth", middle, "far")
    middle.ip("link", "add", "name", "br0", "type", "bridge", "forward_delay", 0)
    middle.up("br0")
    for port in ("far", tap):
        middle.ip("link", "set", port, "master", "br0")


def test_a_tap_device_is_a_port(sides):
    lab, client, server, middle = sides
    router = Router(lab, middle).start(config("net_tap0,iface=tap-left"))
    bridge_to(lab, client, middle, "tap-left")
    client.address("eth", "10.1.0.2/24", gateway="10.1.0.1")
    assert router.interface("left")["got"]["driver"] == "net_tap"
    wait_until(lambda: pings(client, "10.1.0.1"), "the bridge forwards")
    works(client, server, 1472, 8000)


def test_a_tap_device_outlives_the_configuration_that_removes_it_and_the_one_that_brings_it_back(sides):
    lab, client, server, middle = sides
    wanted = config("net_tap0,iface=tap-left")
    router = Router(lab, middle).start(wanted)
    without = {**wanted, "interfaces": {"right": wanted["interfaces"]["right"]}}
    for _ in range(3):
        router.apply(without)
        assert "tap-left" not in middle.ip("link").stdout
        router.apply(wanted)
        assert "tap-left" in middle.ip("link").stdout


def test_an_af_xdp_device_is_a_port(sides):
    lab, client, server, middle = sides
    lab.cable(client, "eth", middle, "left")
    client.address("eth", "10.1.0.2/24", gateway="10.1.0.1")
    router = Router(lab, middle).start(config("net_af_xdp0,iface=left"))
    assert router.interface("left")["got"]["driver"] == "net_af_xdp"
    works(client, server, 1472)


def test_devices_without_a_cable_carry_packets_too(sides):
    lab, _, server, middle = sides
    capture = lab.directory / "sent.pcap"
    wanted = config("net_null0,no-rx=1")
    wanted["interfaces"]["file"] = {"device": f"net_pcap0,tx_pcap={capture},rx_iface=lo",
                                    "addresses": ["10.4.0.1/24"]}
    wanted["interfaces"]["loop"] = {"device": "net_ring0", "addresses": ["10.5.0.1/24"]}
    router = Router(lab, middle).start(wanted)
    assert {i["condition"] for i in router.show("interface")["interfaces"]} == {"up"}

    # What goes into the ring comes out of it: with the router's own address as the next hop's,
    # once for each of a packet's hops.
    router.do("neighbour", "add", "loop", "10.5.0.9", router.interface("loop")["got"]["mac"])
    for interface, address in (("file", "10.4.0.9"), ("left", "10.1.0.9")):
        router.do("neighbour", "add", interface, address, "02:00:00:00:00:09")
    for address in ("10.5.0.9", "10.4.0.9", "10.1.0.9"):
        server.run("ping", "-c", 3, "-i", 0.02, "-W", 1, "-t", 11, address, check=False)
    counted = {name: router.interface(name)["counters"] for name in ("loop", "file", "left")}
    assert counted["loop"]["rx_packets"] >= 30 and router.drops()["ttl_expired"] == 3
    assert counted["left"]["tx_packets"] >= 3, "net_null has taken them"
    router.stop()  # the driver writes its file to the end when it is closed
    echoes = [packet[IP] for packet in rdpcap(str(capture)) if ICMP in packet]
    assert [(echo.dst, echo.ttl) for echo in echoes] == [("10.4.0.9", 10)] * 3


def test_a_device_that_does_not_exist_is_named_and_the_others_work(sides):
    lab, _, server, middle = sides
    router = Router(lab, middle)
    router.write(config("0000:ff:1f.6"))
    router.start_control()
    router.start_dataplane()
    router.wait_answering()
    wait_until(lambda: router.interface("right")["condition"] == "up", "the other is up")
    left = router.interface("left")
    assert left["condition"] == "failed" and "0000:ff:1f.6" in left["why"]
    assert pings(server, "10.2.0.1")


# virtio: the router is the guest's side of a vhost-user socket, and testpmd is the hypervisor's,
# which carries frames between the socket and the client's own network device.

def backend(lab, host, socket):
    core = max(os.sched_getaffinity(0))
    process = host.spawn(
        "dpdk-testpmd", "--no-huge", "-m", 128, "--no-pci", "--no-telemetry", "--no-shconf",
        "--lcores", f"0@{core},1@{core}", "--file-prefix", host.namespace,
        "--vdev", f"net_vhost0,iface={socket}", "--vdev", "net_tap0,iface=eth", "--",
        "--auto-start", "--forward-mode=io", "--total-num-mbufs=4096", "--no-lsc-interrupt",
        stdin=subprocess.PIPE, stdout=open(lab.directory / "backend", "w"),
        stderr=subprocess.STDOUT)

    def is_there():
        if process.poll() is not None:
            raise Failed("the backend ended:\n" + (lab.directory / "backend").read_text())
        return socket.exists() and "eth:" in host.ip("link").stdout

    wait_until(is_there, "the vhost backend listens", 20)
    host.run("ethtool", "-K", "eth", "tx", "off", check=False)
    host.up("eth")
    host.address("eth", "10.1.0.2/24", gateway="10.1.0.1")
    return process


@pytest.fixture
def huge_pages():
    """Huge pages while the test runs; the machine has as many as before when it is over."""
    before = HUGE.read_text()
    free = int(re.search(r"HugePages_Free:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])
    if free < PAGES:
        HUGE.write_text(str(int(before) + PAGES - free))
    got = int(re.search(r"HugePages_Free:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])
    try:
        if got < PAGES:
            pytest.skip(f"this machine gives {got} of {PAGES} huge pages: virtio over huge pages "
                        "was NOT tested")
        yield
    finally:
        HUGE.write_text(before)


def virtio_router(sides, huge):
    lab, client, server, middle = sides
    socket = lab.directory / "vhost.sock"
    backend(lab, client, socket)
    router = Router(lab, middle, huge=huge).start(config(f"net_virtio_user0,path={socket}"))
    wait_until(lambda: pings(client, "10.1.0.1"), "the first packet crosses the socket")
    return router


@pytest.mark.alone  # labs take huge pages too
def test_virtio_over_huge_pages_carries_real_traffic_through_the_real_driver(huge_pages, sides, figure):
    _, client, server, _ = sides
    router = virtio_router(sides, huge=True)
    assert router.status()["dataplane"]["packets_on_huge_pages"]
    assert "virtio" in router.interface("left")["got"]["driver"]
    works(client, server, 1472, 8000)
    with Stream(client, server, "10.2.0.2") as stream:
        time.sleep(1)
    assert stream.loss.lost == 0, stream.loss


def test_virtio_works_without_huge_pages_too(sides):
    _, client, server, _ = sides
    router = virtio_router(sides, huge=False)
    assert not router.status()["dataplane"]["packets_on_huge_pages"]
    works(client, server, 1472)


def test_virtio_comes_back_after_kill_9_of_the_dataplane(sides, figure):
    _, client, server, _ = sides
    router = virtio_router(sides, huge=False)
    with Stream(client, server, "10.2.0.2") as stream:
        router.kill(router.dataplane)
        router.start_dataplane()
        router.wait_ready()
        time.sleep(0.5)
    figure("traffic gone after kill -9 of the dataplane with virtio, ms",
           f"{stream.loss.longest_silence_ms:.0f}")
    assert stream.loss.longest_silence_ms < LONGEST_GAP_MS


@pytest.mark.alone  # labs take huge pages too
def test_memories_on_huge_pages_outlive_the_dataplane(huge_pages, sides):
    lab, client, server, middle = sides
    lab.cable(client, "eth", middle, "left")
    client.address("eth", "10.1.0.2/24", gateway="10.1.0.1")
    router = Router(lab, middle, huge=True).start(config(af_packet("left", 0)))
    assert pings(client, "10.2.0.2")
    router.kill(router.dataplane)
    router.start_dataplane()
    router.wait_ready()
    assert pings(client, "10.2.0.2")
    for link in ("intent", "state"):
        assert (router.run_directory / link).is_symlink()
