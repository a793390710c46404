# SPDX-License-Identifier: BSD-3-Clause
"""./dev bench as a whole, for a moment: a router and one that is only described, side by side."""
import json
import pathlib
import signal
import subprocess
import sys

import pytest

from router import BUILD, ROOT

SWITCH = """
name = "described"
program = "dpdk-testpmd"
transports = ["vhost"]
kinds = ["routes"]
hops = 0
arp = false
ready = "{right_socket}"
start = ["dpdk-testpmd", "--no-huge", "-m", "256", "--no-pci", "--no-telemetry", "--no-shconf",
         "--lcores", "0@{core},1@{core}", "--vdev", "{left_device}", "--vdev", "{right_device}", "--", "--auto-start", "--forward-mode=mac",
         "--stats-period=1000", "--total-num-mbufs=8192", "--no-lsc-interrupt"]
"""


def suite(*words):
    return subprocess.run([sys.executable, ROOT / "bench/suite", "--build", BUILD, *map(str, words)],
                          capture_output=True, text=True, timeout=120)


def test_routers_are_measured_side_by_side_and_compared_with_an_earlier_run(tmp_path):
    (tmp_path / "switch.toml").write_text(SWITCH)
    report = tmp_path / "report.json"
    done = suite("--routers", "^vhost/routes:1/(sluice|described)$", "--router", tmp_path / "switch.toml",
                 "--rounds", 1, "--seconds", 0.2, "--no-huge", "--json", report)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 runs of routers, about" in done.stderr and "2 of 2: vhost/routes:1" in done.stderr
    runs = json.loads(report.read_text())["suite"]["runs"]
    assert {run["peer"]: run["received_pps"] > 0 for run in runs} == {"sluice": True, "described": True}
    assert report.with_suffix(".html").read_text().count("<svg") >= 3
    assert "| vhost/routes:1 |" in report.with_suffix(".md").read_text()

    again = suite("--from", report, "--compare", report, "--json", tmp_path / "again.json")
    assert again.returncode == 0, again.stderr
    assert "+0.0%" in again.stdout and "worse" not in again.stdout


HOLD = """
import huge_pages, pathlib, time
with huge_pages.taken(8) as on_them:
    mounts = [line.split()[1] for line in pathlib.Path("/proc/self/mounts").read_text().splitlines() if "sluice-huge" in line]
    print(on_them, *mounts, sep=",", flush=True)
    time.sleep(60)
"""


@pytest.mark.alone
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_huge_pages_and_their_mount_are_the_suites_alone_and_gone_with_it(end):
    number, mounts = pathlib.Path("/proc/sys/vm/nr_hugepages"), pathlib.Path("/proc/self/mounts")
    before = number.read_text(), mounts.read_text()
    # Ctrl-C too: who was started in the background has it ignored.
    on_signals = ("import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(1)); "
                  "signal.signal(signal.SIGINT, signal.default_int_handler)\n")
    with subprocess.Popen([sys.executable, "-c", on_signals + HOLD], cwd=ROOT / "bench/suite", stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as holder:
        on_them, *mounted = holder.stdout.readline().strip().split(",")
        seen_meanwhile = mounts.read_text()
        holder.send_signal(end)
        holder.wait(timeout=10)
    if on_them == "none":
        pytest.skip("the machine gives no huge pages")
    assert on_them == "packets and the router's memories" and len(mounted) == 1
    assert seen_meanwhile == before[1], "nobody else sees the mount"
    assert (number.read_text(), mounts.read_text()) == before
    assert not pathlib.Path(mounted[0]).exists()
