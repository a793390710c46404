# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures of the system tests: `SLUICE_BUILD=build-dir python3 -m pytest test/system`."""
import os
import signal
import types

import pytest


from lab import Lab
from router import CONTROL, DATAPLANE, CLI, Router, ports


def pytest_sessionstart(session):
    # A timeout's SIGTERM unwinds as Ctrl-C does, so that the labs are left and cleaned.
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    if os.geteuid() != 0:
        pytest.exit("the system tests make namespaces, and so need root", returncode=1)
    for binary in (CONTROL, DATAPLANE, CLI):
        if not binary.exists():
            pytest.exit(f"{binary} is not built (SLUICE_BUILD names the build directory)",
                        returncode=1)


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: what it measures, or takes of the machine, suffers no "
                            "other test beside it")


_figures = []


@pytest.fixture(scope="session")
def figure():
    """figure("what", value): a measured number, shown at the end of the run."""
    def note(what, value):
        _figures.append(f"measured: {what}: {value}")
        print(_figures[-1])
    return note


def pytest_terminal_summary(terminalreporter):
    for line in _figures:
        terminalreporter.write_line(line)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    labs = [getattr(fixture, "lab", fixture) for fixture in item.funcargs.values()]
    for lab in {id(lab): lab for lab in labs if isinstance(lab, Lab)}.values():
        for router in lab.routers:
            report.sections.append((f"the log of {router.host.name}", router.log()[-6000:]))


@pytest.fixture
def lab():
    with Lab() as lab:
        yield lab


def two_hosts(lab, mtu=1500, **config):
    """client 10.1.0.2 - router - server 10.2.0.2; `config` is added to the router's."""
    client, server, middle = lab.host("client"), lab.host("server"), lab.host("router")
    lab.cable(client, "eth", middle, "left", mtu=mtu)
    lab.cable(server, "eth", middle, "right", mtu=mtu)
    client.address("eth", "10.1.0.2/24", gateway="10.1.0.1")
    server.address("eth", "10.2.0.2/24", gateway="10.2.0.1")
    wanted = {"dataplane": {"workers": 1},
              "interfaces": ports(("left", "10.1.0.1/24"), ("right", "10.2.0.1/24")), **config}
    router = Router(lab, middle).start(wanted)
    return types.SimpleNamespace(lab=lab, client=client, server=server, router=router,
                                 config=wanted, middle=middle)


@pytest.fixture
def net(lab):
    """A client, a server and a router between them, started afresh."""
    return two_hosts(lab)


@pytest.fixture(scope="module")
def shared_net():
    """The same for tests that leave the router as they found it."""
    with Lab() as lab:
        yield two_hosts(lab)
