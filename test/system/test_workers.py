# SPDX-License-Identifier: BSD-3-Clause
"""Workers: many on one core, cheap when idle, changed while running."""
import contextlib
import ctypes
import os
import pathlib
import statistics
import time

import pytest

from conftest import two_hosts
from lab import all_came, wait_until
from wire import Stream

SERVER = "10.2.0.2"


def busy_for(net, seconds):
    """The share of one core that the dataplane uses, in percent."""
    before, begin = net.router.processor_seconds(), time.monotonic()
    time.sleep(seconds)
    return (net.router.processor_seconds() - before) / (time.monotonic() - begin) * 100


PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WAIT_FOR_ANY_THREAD = 0x40000000  # __WALL


@contextlib.contextmanager
def standing_still(net, thread):
    """One thread of the dataplane, as if the hypervisor had taken its core away."""
    libc = ctypes.CDLL(None, use_errno=True)
    tasks = pathlib.Path(f"/proc/{net.router.dataplane.pid}/task")
    tid = next(int(t.name) for t in tasks.iterdir() if (t / "comm").read_text().strip() == thread)

    def ptrace(request):
        none = ctypes.c_void_p(0)
        if libc.ptrace(ctypes.c_long(request), ctypes.c_long(tid), none, none) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of {thread}")

    ptrace(PTRACE_SEIZE)
    ptrace(PTRACE_INTERRUPT)
    os.waitpid(tid, WAIT_FOR_ANY_THREAD)
    try:
        yield
    finally:
        ptrace(PTRACE_DETACH)


def test_a_worker_that_stands_still_is_named_and_so_is_its_return(lab):
    net = two_hosts(lab, dataplane={"workers": 2})

    def told(kind):
        return [e for e in net.router.show("events")["events"] if e["kind"] == kind]

    with standing_still(net, "worker-1"):
        wait_until(lambda: told("worker_stalled"), "the event")
        assert "event=worker_stalled worker=1" in net.router.log()
        assert told("worker_recovered") == []
    wait_until(lambda: told("worker_recovered"), "the event")
    assert len(told("worker_stalled")) == 1


@pytest.mark.alone
def test_an_idle_adaptive_router_uses_less_than_a_twentieth_of_a_core(net, figure):
    net.client.run("ping", "-c", 2, "-i", 0.01, SERVER)
    time.sleep(6)  # the longer nothing comes, the longer the worker sleeps
    # The median, since on a shared machine what others do shows in single windows.
    windows = [busy_for(net, 2) for _ in range(5)]
    percent = statistics.median(windows)
    figure("idle adaptive router, share of a core, %", f"{percent:.1f} (at most {max(windows):.1f})")
    assert percent < 5, windows


@pytest.mark.alone
def test_a_ping_to_an_idle_router_does_not_wait_long(net, figure):
    net.client.run("ping", "-c", 2, "-i", 0.01, SERVER)
    out = net.client.run("ping", "-c", 5, "-i", 0.5, SERVER).stdout
    average = float(out.rsplit("=", 1)[1].split("/")[1])
    figure("ping through an idle router, ms", f"{average:.2f}")
    assert average < 10


def test_several_workers_on_one_core_forward_together_and_lose_nothing(lab):
    core = min(os.sched_getaffinity(0))
    net = two_hosts(lab, dataplane={"workers": 4, "cores": [core]})
    shown = net.router.show("workers")["workers"]
    assert [w["core"] for w in shown] == [core] * 4
    net.client.run("ping", "-c", 2, "-i", 0.01, SERVER)
    with Stream(net.client, net.server, SERVER, rate=1500, source_ports=16) as there, \
            Stream(net.server, net.client, "10.1.0.2", rate=1500, source_ports=16) as back:
        time.sleep(2)
        out = net.client.run("ping", "-c", 10, "-i", 0.02, "-W", 1, SERVER).stdout
    assert all_came(out)
    assert there.loss.lost == 0, there.loss
    assert back.loss.lost == 0, back.loss


def test_one_worker_beside_the_main_thread_on_one_core_forwards(lab):
    core = min(os.sched_getaffinity(0))
    net = two_hosts(lab, dataplane={"workers": 1, "cores": [core]})
    net.client.run("ping", "-c", 2, "-i", 0.01, SERVER)
    with Stream(net.client, net.server, SERVER) as stream:
        time.sleep(1)
    assert stream.loss.lost == 0, stream.loss


@pytest.mark.alone
def test_a_busy_polling_worker_forwards_and_never_sleeps(lab):
    net = two_hosts(lab, dataplane={"workers": 1, "polling": "busy"})
    time.sleep(1)
    assert [w["sleeps"] for w in net.router.show("workers")["workers"]] == [0]
    out = net.client.run("ping", "-c", 10, "-i", 0.02, "-W", 1, SERVER).stdout
    assert all_came(out)


def test_the_number_of_workers_changes_while_running(net, figure):
    net.client.run("ping", "-c", 2, "-i", 0.01, SERVER)
    with Stream(net.client, net.server, SERVER) as stream:
        for workers in (3, 1):
            net.router.apply({**net.config, "dataplane": {"workers": workers}})
            assert len(net.router.show("workers")["workers"]) == workers
    figure("traffic gone when the workers change, ms", f"{stream.loss.longest_silence_ms:.0f}")
    assert stream.loss.longest_silence_ms < 1000


def test_an_apply_says_what_waits_for_the_dataplanes_next_start(net):
    wanted = {**net.config, "dataplane": {"workers": 1, "buffers": 8192}}
    progress = net.router.apply(wanted)["progress"]
    assert progress["reached"]
    assert ["8192" in sentence for sentence in progress["after_restart"]] == [True], progress
    said = net.router.cli_raw("apply", net.router.config_file)
    assert "dataplane.buffers stays 16384" in said.stdout
    assert said.returncode == 0
    net.router.kill(net.router.dataplane)
    net.router.start_dataplane()
    net.router.wait_ready()
    assert net.router.apply(wanted)["progress"]["after_restart"] == []


@pytest.mark.alone
def test_idle_cost_stays_small_while_control_watches(net):
    before, begin = net.router.processor_seconds(net.router.control), time.monotonic()
    time.sleep(2)
    used = net.router.processor_seconds(net.router.control) - before
    assert used / (time.monotonic() - begin) < 0.05
