# SPDX-License-Identifier: BSD-3-Clause
"""What `meson install` puts where, and that the units start what is there."""
import re
import shutil
import subprocess

import pytest

from router import BUILD, CLI


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The root of a machine that Sluice was installed on, and the prefix on it."""
    root = tmp_path_factory.mktemp("root")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root], check=True,
                   stdout=subprocess.DEVNULL)
    (cli,) = root.rglob("bin/sluice")
    return root, cli.parent.parent


def test_the_daemons_are_the_administrators_and_the_commands_are_everybodys(installed):
    _, prefix = installed
    assert sorted(p.name for p in (prefix / "bin").iterdir()) == ["sluice", "sluice-bench"]
    assert sorted(p.name for p in (prefix / "sbin").iterdir()) == ["sluice-control",
                                                                  "sluice-dataplane"]


def test_each_program_has_a_page_of_its_section(installed):
    _, prefix = installed
    pages = sorted(p.name for p in prefix.rglob("share/man/man*/*"))
    assert pages == ["sluice-bench.1", "sluice-control.8", "sluice-dataplane.8", "sluice.8", "sluice.json.5"]


@pytest.mark.parametrize("unit", ["sluice-control.service", "sluice-dataplane.service"])
def test_a_unit_starts_a_program_that_is_there_and_systemd_finds_no_fault(installed, unit, tmp_path):
    root, prefix = installed
    text = (prefix / "lib/systemd/system" / unit).read_text()
    (program,) = re.findall(r"^ExecStart=/(\S+)", text, re.M)
    assert (root / program).stat().st_mode & 0o111
    if shutil.which("systemd-analyze"):
        copy = tmp_path / unit
        copy.write_text(text.replace("ExecStart=", f"ExecStart={root}"))
        said = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True,
                              text=True, check=False)
        assert said.returncode == 0 and not said.stderr, said.stderr


@pytest.mark.parametrize("words, said", [
    (["bogus"], "Usage: sluice [OPTIONS]"), (["show", "bogus"], "Usage: sluice show ")])
def test_a_word_that_is_no_command_is_named_and_the_commands_are_listed(words, said):
    done = subprocess.run([CLI, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert "there is no command bogus" in done.stderr and said in done.stderr
