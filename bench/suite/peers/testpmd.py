# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's testpmd, which looks at no packet: what the transport can carry at most."""
import shutil
import subprocess

from lab import Failed, wait_until

from . import Peer, first_line, on_processor


class _Testpmd(Peer):
    transports = ("memif", "vhost")
    kinds = ("routes",)
    hops, arp = 0, False
    mode = ""

    def misses(self):
        return None if shutil.which("dpdk-testpmd") else "dpdk-testpmd is not installed (Debian: dpdk)"

    def version(self):
        return first_line("dpkg-query", "-W", "-f", "dpdk ${Version}", "dpdk")

    def start(self, place, workload):
        core = place.processors[0]
        memory = ["--in-memory", "--single-file-segments"] if place.huge else ["--no-huge", "-m", 256]
        devices = [word for device in place.router_devices.values() for word in ("--vdev", device)]
        log = place.lab.directory / "testpmd"
        with on_processor(core):
            process = place.router.spawn(
                "dpdk-testpmd", *memory, "--no-pci", "--no-telemetry", "--no-shconf", "--lcores",
                f"0@{core},1@{core}", *devices, "--", "--auto-start", f"--forward-mode={self.mode}",
                "--rxd=1024", "--txd=1024", "--total-num-mbufs=16384", "--no-lsc-interrupt",
                stdin=subprocess.PIPE, stdout=open(log, "w"), stderr=subprocess.STDOUT)

        def forwards():
            if process.poll() is not None:
                raise Failed("testpmd ended:\n" + log.read_text())
            return all(place.listens_at(side).exists() for side in place.router_devices)

        wait_until(forwards, "testpmd listens", 30)


class Io(_Testpmd):
    name, mode = "testpmd-io", "io"
    says = "hands packets on as they are: the transport's ceiling"


class Mac(_Testpmd):
    name, mode = "testpmd-mac", "mac"
    says = "writes MAC addresses and nothing else: the ceiling of whoever touches a packet"
