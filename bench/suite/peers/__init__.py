# SPDX-License-Identifier: BSD-3-Clause
"""Routers to be measured. Each is a small file: what it can do, its configuration, how it starts. A description
(.toml, see described.py) needs no code; an adapter (.py) has a class `Peer` as those here.
"""
import contextlib
import importlib.util
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


@contextlib.contextmanager
def on_processor(processor):
    """What is started meanwhile stays on that processor."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {processor})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Peer:
    name = ""
    transports = ()
    kinds = ()    # of workloads: routes, nat, gre, ipip, mixed
    routes = 1    # as many as it can be told here
    tunnels = 1   # the same
    hops = 1      # by how much it lowers the time to live
    arp = True    # it answers for its addresses
    says = ""     # what is to be known of its figures

    def misses(self):
        """Why it can not be measured here; None if it can."""
        return None

    def version(self):
        return ""

    def takes(self, transport, workload):
        enough = (self.routes > 1 or workload.table is None) and workload.tunnels <= self.tunnels
        return transport in self.transports and workload.kind in self.kinds and enough

    def start(self, place, workload):
        """Returns when it forwards, or will once its links are up."""
        raise NotImplementedError

    def figures(self):
        """What it says of itself after a run: cycles_per_packet, stages."""
        return None


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip().split("\n")[0]


def load(file):
    """The peer of a file from elsewhere."""
    if file.suffix == ".toml":
        from .described import Described
        return Described(file)
    spec = importlib.util.spec_from_file_location(f"peer_{file.stem.replace('-', '_')}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Peer()


def all_peers():
    from . import linux, sluice, testpmd
    described = [load(file) for file in sorted(HERE.glob("*.toml"))]
    return [sluice.Peer(), testpmd.Io(), testpmd.Mac(), linux.Forwarding(), linux.Masquerade(), *described]
