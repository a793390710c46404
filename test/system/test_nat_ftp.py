# SPDX-License-Identifier: BSD-3-Clause
"""FTP through the NAT, with real clients and a real server: curl, lftp, and Python's."""
import hashlib
import pathlib
import re
import subprocess

import pytest

from conftest import two_hosts
from wire import Witness

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
CLIENT, SERVER, OUTSIDE = "10.1.0.2", "10.2.0.2", "10.2.0.1"

INTERNET = {"name": "internet", "type": "source", "out": "right", "from": "10.1.0.0/24",
            "to": "interface", "alg": ["ftp"]}
TO_SERVER = {"name": "ftp", "type": "forward", "in": "left", "protocol": "tcp", "port": 21,
             "to": SERVER, "alg": ["ftp"]}


def start_server(net, directory, port=21):
    (directory / "page").write_bytes(bytes(range(256)) * 400)
    server = net.server.spawn(PYTHON, HERE / "ftp_server.py", directory, port,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout.readline() == "ready\n"


@pytest.fixture
def net(lab, tmp_path):
    """The client is behind the router's address; the server knows no way to it."""
    net = two_hosts(lab, nat=[INTERNET])
    net.server.ip("route", "del", "default")
    start_server(net, tmp_path)
    return net


def fetch(net, *options, host=SERVER):
    """The page as curl gets it; what went wrong otherwise."""
    page = pathlib.Path(net.lab.directory) / "page"
    done = net.client.run("curl", "-sS", "-m", 10, "-o", page, *options, f"ftp://{host}/page",
                          check=False)
    return page.read_bytes() if done.returncode == 0 else done.stderr


PAGE = bytes(range(256)) * 400


@pytest.mark.parametrize("options", [
    ["--ftp-port", "-"], ["--ftp-port", "-", "--disable-eprt"], ["--ftp-pasv"],
    ["--ftp-pasv", "--disable-epsv"]], ids=["EPRT", "PORT", "EPSV", "PASV"])
def test_a_client_inside_fetches_and_the_server_sees_the_routers_address(net, options):
    witness = Witness(net.server, "eth", "tcp")
    assert fetch(net, *options) == PAGE
    assert not any(CLIENT in line for line in witness.lines())


def test_without_the_alg_active_mode_fails(net):
    net.router.apply({**net.config, "nat": [{**INTERNET, "alg": []}]})
    assert fetch(net, "--ftp-port", "-", "--disable-eprt") != PAGE
    assert fetch(net, "--ftp-pasv") == PAGE


@pytest.mark.parametrize("options", [["--ftp-pasv"], ["--ftp-pasv", "--disable-epsv"]],
                         ids=["EPSV", "PASV"])
def test_a_server_behind_a_forward_is_reached_in_passive_mode(lab, tmp_path, options):
    net = two_hosts(lab, nat=[TO_SERVER])
    net.client.ip("route", "del", "default")  # it knows the router's address and nothing behind it
    start_server(net, tmp_path)
    assert fetch(net, *options, "--no-ftp-skip-pasv-ip", host="10.1.0.1") == PAGE


def test_lftp_mirrors_files_both_ways_in_active_mode(net, tmp_path):
    for i in range(20):
        (tmp_path / f"file{i}").write_bytes(hashlib.sha256(bytes([i])).digest() * 1000)
    target = tmp_path.parent / (tmp_path.name + "-got")
    net.client.run("lftp", "-c", f"set ftp:passive-mode no; set net:timeout 5; set net:max-retries 2;"
                   f" open {SERVER}; mirror / {target}; mkdir up; cd up; mput {target}/file*",
                   timeout=60)
    for i in range(20):
        content = (tmp_path / f"file{i}").read_bytes()
        assert (target / f"file{i}").read_bytes() == content
        assert (tmp_path / "up" / f"file{i}").read_bytes() == content
    assert "nat_alg_refused" not in net.router.drops()


CLIENT_SCRIPT = """
import ftplib, sys
ftp = ftplib.FTP("{server}", timeout=20)
ftp.login()
ftp.set_pasv(False)
for line in sys.stdin:
    got = bytearray()
    ftp.retrbinary("RETR page", got.extend)
    print(len(got), flush=True)
""".format(server=SERVER)


def test_a_control_connection_goes_on_after_the_dataplane_was_killed(net):
    client = net.client.spawn(PYTHON, "-c", CLIENT_SCRIPT, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)

    def fetch_again():
        client.stdin.write("again\n")
        client.stdin.flush()
        return client.stdout.readline()

    for _ in range(3):
        assert fetch_again() == f"{len(PAGE)}\n"
        net.router.kill(net.router.dataplane)
        net.router.start_dataplane()
        net.router.wait_ready()
    assert fetch_again() == f"{len(PAGE)}\n"
    assert not re.search(r"event=sessions_adopted.* refused=[1-9]", net.router.log())
