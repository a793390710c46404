# SPDX-License-Identifier: BSD-3-Clause
"""The router under test: its two processes in a namespace, and the CLI that talks to it."""
import json
import os
import pathlib
import signal
import subprocess
import time

from lab import Failed, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", ROOT / "build")).resolve()
DATAPLANE = BUILD / "dataplane" / "sluice-dataplane"
CONTROL = BUILD / "control" / "sluice-control"
CLI = BUILD / "control" / "cli" / "sluice"


class Refused(Failed):
    """The CLI said no; .done is the finished process."""

    def __init__(self, done):
        super().__init__(f"{' '.join(done.args[4:])}: exit {done.returncode}\n"
                         f"{done.stdout}{done.stderr}")
        self.done = done


class Router:
    """
    router = Router(lab, lab.host("router"))
    router.start({"interfaces": {...}})
    router.show("interface")
    """

    def __init__(self, lab, host, huge=False, dataplane_arguments=()):
        self.lab = lab
        self.host = host
        self.directory = lab.directory / host.name
        self.directory.mkdir()
        self.run_directory = self.directory / "run"
        self.config_file = self.directory / "sluice.json"
        self.log_file = self.directory / "log"
        self.dataplane_arguments = [*([] if huge else ["--no-huge"]), *dataplane_arguments]
        self.control_program, self.dataplane_program = CONTROL, DATAPLANE
        self.control = None
        self.dataplane = None
        lab.routers.append(self)

    # The processes.

    def start(self, config):
        self.begin(config)
        self.wait_ready()
        return self

    def begin(self, config):
        self.write(config)
        self.start_control()
        self.start_dataplane()

    def write(self, config):
        text = config if isinstance(config, str) else json.dumps(config, indent=2)
        self.config_file.write_text(text)
        return self.config_file

    def _spawn(self, *command):
        with open(self.log_file, "a") as log:
            return self.host.spawn(*command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start_control(self, *more):
        self.control = self._spawn(self.control_program, "--config", self.config_file, "--run-dir",
                                   self.run_directory, "--state-dir", self.directory / "state",
                                   *more)

    def start_dataplane(self, *more):
        self.dataplane = self._spawn(self.dataplane_program, "--run-dir", self.run_directory,
                                     *self.dataplane_arguments, *more)

    def kill(self, process):
        """kill -9, and gone when this returns."""
        process.kill()
        process.wait()

    def stop(self):
        """As systemd would: SIGTERM, and both leave in order."""
        for process in (self.dataplane, self.control):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=30)

    def wait_answering(self, timeout=30):
        """Until control answers the CLI."""
        wait_until(lambda: self.cli_raw("show", "status").returncode == 0, "control answers",
                   timeout, 0.02)

    def wait_ready(self, timeout=30):
        """Until the dataplane runs what is published, and every interface is as it should be."""
        self.wait_answering(timeout)
        try:
            wait_until(self.is_ready, "the router is ready", timeout, 0.02)
        except Failed as failed:
            raise Failed(f"{failed}\n{json.dumps(self.show('interface'), indent=1)}\n"
                         f"{self.log()}") from None

    def is_ready(self):
        status = self.status()
        if not status["dataplane"]["alive"]:
            return False
        if status["dataplane"]["generation"] != status["control"]["generation"]:
            return False
        return all(i["condition"] == ("up" if i["asked"]["enabled"] else "disabled")
                   for i in self.show("interface")["interfaces"])

    def log(self):
        return self.log_file.read_text() if self.log_file.exists() else ""

    # The CLI.

    def cli_raw(self, *words, timeout=30):
        """The finished process, whatever it said."""
        command = ["ip", "netns", "exec", self.host.namespace, CLI, "--run-dir",
                   self.run_directory, *words]
        return subprocess.run([str(c) for c in command], capture_output=True, text=True,
                              timeout=timeout)

    def cli(self, *words, timeout=30):
        """What the CLI says, as data."""
        done = self.cli_raw(*words, "--json", timeout=timeout)
        if done.returncode != 0:
            raise Refused(done)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def do(self, *words, timeout=30):
        """A command that has nothing to say but that it was done."""
        done = self.cli_raw(*words, timeout=timeout)
        if done.returncode != 0:
            raise Refused(done)

    def show(self, *words):
        return self.cli("show", *words)

    def apply(self, config, *more, timeout=30):
        """Applies, and returns when the dataplane has what was asked for."""
        return self.cli("apply", self.write(config), *more, timeout=timeout)

    # What the tests ask for most.

    def status(self):
        return self.show("status")

    def drops(self):
        """Packets dropped, by reason."""
        return {d["name"]: d["packets"] for d in self.show("drops")["drops"]}

    def interface(self, name):
        found = [i for i in self.show("interface")["interfaces"] if i["name"] == name]
        return found[0]

    def neighbours(self):
        """(interface, address) to what is known of the neighbour."""
        return {(n["interface"], n["address"]): n for n in self.show("neighbour")["neighbours"]}

    def tallies(self):
        return self.show("tallies")["tallies"]

    def route(self, address):
        return self.show("route", address)

    def processor_seconds(self, process=None):
        """User and system time that the dataplane has used."""
        process = process or self.dataplane
        words = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def af_packet(interface, number=0, **more):
    extra = "".join(f",{k}={v}" for k, v in more.items())
    return f"net_af_packet{number},iface={interface}{extra}"


def ports(*pairs, **common):
    """The interfaces section for AF_PACKET: ports(("left", "10.1.0.1/24"), ...)."""
    return {name: {"device": af_packet(name, number), "addresses": [address], **common}
            for number, (name, address) in enumerate(pairs)}


def sleep_ms(milliseconds):
    time.sleep(milliseconds / 1000)
