# SPDX-License-Identifier: BSD-3-Clause
"""Namespaces, virtual cables and processes of a test, and their certain end.

A Lab is a context manager. Whatever was made through it is gone when it is left: also when the
test failed, when Ctrl-C was pressed, and (done by the next Lab) when the whole test run was
killed. Nothing in the host's own namespace is made, changed or listened to.
"""
import contextlib
import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1

_PREFIX = re.compile(r"^slt(\d+)x\d+-")
_count = 0


class Failed(AssertionError):
    """A command that had to work did not; the text is all it said."""


def run(*command, namespace=None, check=True, timeout=30, **more):
    """Runs a command to its end and returns it, its output as text."""
    command = [str(word) for word in command]
    if namespace is not None:
        command = ["ip", "netns", "exec", namespace, *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, **more)
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def wait_until(condition, what, timeout=20.0, pause=0.01):
    """Returns the first true value of condition(); fails with `what` when none comes in time."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {timeout} s: {what}")
        time.sleep(pause)


def sleeps(process):
    """Has it read all that there is? Who still has to, and waits for a processor alone, is said to run."""
    stat = pathlib.Path(f"/proc/{process.pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "S"


def all_came(said):
    """Of a ping's echoes, by what it says.

    It gives the last of several but an interval, or twice the time that the slowest took, and calls it
    lost where the machine was busy for so long: who hears all others is not said to miss that one.
    """
    told = re.search(r"(\d+) packets transmitted, (\d+) received", said)
    if told is None:
        return False  # it could not send any
    sent, received = map(int, told.groups())
    only_the_last_is_missing = sent - received == 1 < sent and f"icmp_seq={sent} " not in said
    return received == sent or only_the_last_is_missing


@contextlib.contextmanager
def inside(namespace):
    """This thread in another network namespace; sockets opened here stay there."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if _libc.setns(there, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns to {namespace}")
        yield
    finally:
        _libc.setns(home, _CLONE_NEWNET)
        os.close(there)
        os.close(home)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Host:
    """A Linux host in a namespace of its own."""

    def __init__(self, lab, name):
        self.lab = lab
        self.name = name
        self.namespace = lab.prefix + name
        run("ip", "netns", "add", self.namespace)
        self.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
        self.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        self.ip("link", "set", "lo", "up")

    def run(self, *command, **more):
        return run(*command, namespace=self.namespace, **more)

    def ip(self, *words, **more):
        return run("ip", "-n", self.namespace, *words, **more)

    def sysctl(self, name, value):
        path = "/proc/sys/" + name.replace(".", "/")
        self.run("sh", "-c", f"echo {value} > {path}")

    def spawn(self, *command, **more):
        return self.lab.spawn(*command, namespace=self.namespace, **more)

    def address(self, interface, cidr, gateway=None):
        self.ip("addr", "add", cidr, "dev", interface)
        if gateway is not None:
            self.ip("route", "add", "default", "via", gateway)

    def mac(self, interface):
        text = self.ip("-o", "link", "show", interface).stdout
        return re.search(r"link/ether (\S+)", text).group(1)

    def up(self, interface):
        self.ip("link", "set", interface, "up")

    def down(self, interface):
        self.ip("link", "set", interface, "down")


class Lab:
    def __init__(self):
        global _count
        _count += 1
        _remove_leftovers()
        self.prefix = f"slt{os.getpid()}x{_count}-"
        self.hosts = []
        self.routers = []
        self.processes = []
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=self.prefix))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def host(self, name):
        host = Host(self, name)
        self.hosts.append(host)
        return host

    def cable(self, a, a_name, b, b_name, mtu=1500, a_mac=None, b_mac=None):
        """A veth pair between two hosts, up at both ends, without any offload."""
        ends = ["ip", "-n", a.namespace, "link", "add", a_name, "mtu", mtu]
        ends += ["address", a_mac] if a_mac else []
        ends += ["type", "veth", "peer", "name", b_name, "netns", b.namespace, "mtu", mtu]
        ends += ["address", b_mac] if b_mac else []
        run(*ends)
        for host, name in ((a, a_name), (b, b_name)):
            host.run("ethtool", "-K", name, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
            host.up(name)

    def spawn(self, *command, namespace=None, **more):
        """Starts a process that does not outlive the lab, nor this process."""
        command = [str(word) for word in command]
        if namespace is not None:
            command = ["ip", "netns", "exec", namespace, *command]
        process = subprocess.Popen(command, preexec_fn=_die_with_parent, **more)
        self.processes.append(process)
        return process

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.kill()
        for process in self.processes:
            process.wait()
        for host in self.hosts:
            run("ip", "netns", "del", host.namespace, check=False)
        _remove_memories(self.directory)
        shutil.rmtree(self.directory, ignore_errors=True)


def _remove_memories(directory):
    """The files in memory that links in a router's run directory lead to."""
    for link in directory.rglob("*"):
        if not link.is_symlink():
            continue
        target = pathlib.Path(os.readlink(link))
        if target.name.startswith("sluice-"):
            target.unlink(missing_ok=True)


def _remove_leftovers():
    """What test runs that were killed could not remove themselves."""
    for place in (pathlib.Path("/run/netns"), pathlib.Path(tempfile.gettempdir())):
        for entry in place.glob("slt*"):
            owner = _PREFIX.match(entry.name + ("-" if entry.is_dir() else ""))
            if owner is None or pathlib.Path(f"/proc/{owner.group(1)}").exists():
                continue
            if entry.is_dir():
                with contextlib.suppress(FileNotFoundError):  # another run removes it, too
                    _remove_memories(entry)
                shutil.rmtree(entry, ignore_errors=True)
            else:
                run("ip", "netns", "del", entry.name, check=False)
