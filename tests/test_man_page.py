"""The man page has every command and option, and roff reads it."""

import re
import shutil
import subprocess

import pytest

from rlcalc.commands import COMMANDS
from rlcalc.errors import EXIT_CODES
from rlcalc.usage import usages_of
from tests.conftest import Shell


def test_the_page_has_every_command_option_and_exit_code(rlcalc: Shell) -> None:
    done = rlcalc("manual", "--man")
    page = done.stdout.replace("\\-", "-")

    assert (done.returncode, done.stderr) == (0, "")
    for name in COMMANDS:
        part = page.split(f".SS rlcalc {name}\n")[1].split("\n.S")[0]
        for flag in usages_of(name):
            assert flag in part, (name, flag)
    for code, meaning in EXIT_CODES.items():
        assert f".B {code}\n{meaning}\n" in page


def test_lines_of_text_are_no_requests(rlcalc: Shell) -> None:
    for line in rlcalc("manual", "--man").stdout.splitlines():
        assert not line.startswith("'")
        if line.startswith("."):
            assert re.match(r"\.(TH|SH|SS|PP|TP|B|I|nf|fi)\b", line), line


def test_roff_reads_the_page(rlcalc: Shell) -> None:
    tool = shutil.which("groff")
    if tool is None:
        pytest.skip("groff is not installed")
    page = rlcalc("manual", "--man").stdout
    done = subprocess.run(
        [tool, "-man", "-Tutf8", "-Kutf8", "-ww"], input=page, capture_output=True, text=True
    )

    assert done.returncode == 0
    assert "--fail-on" in re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout).replace("\u2010", "-")


def test_a_man_page_is_of_all_commands(rlcalc: Shell) -> None:
    done = rlcalc("manual", "estimate", "--man")

    assert done.returncode == 2
    assert "fix:   leave out the rest" in done.stderr
