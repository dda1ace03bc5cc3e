"""The help of the command line: whole lines, under headings."""

import re

import pytest

from rlcalc.commands import COMMANDS, SECTIONS
from tests.conftest import Shell


def test_help_lists_the_commands_under_their_headings(rlcalc: Shell) -> None:
    shown = rlcalc("--help").stdout
    listed = re.findall(r"^  (\w+)  ", shown.split(next(iter(SECTIONS)))[1], re.MULTILINE)

    assert listed == list(COMMANDS)
    assert [line[:-1] for line in shown.splitlines() if line.endswith(":")][1:] == list(SECTIONS)
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "..." not in shown.split("[ARGS]...")[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_first_sentence_of_a_command_fits_into_60_columns(name: str, rlcalc: Shell) -> None:
    shown = rlcalc(name, "--help").stdout
    first = shown.split("\n\n")[1].strip()

    assert len(first) <= 60
    assert first.endswith((".", "}."))
    assert "\nExamples:\n  rlcalc " in shown


def test_an_unknown_command_is_a_usage_error(rlcalc: Shell) -> None:
    done = rlcalc("estimat")

    assert done.returncode == 2
    assert "estimate" in done.stderr
