"""The pages of --help: sections as wide as the terminal, and examples that can be copied."""

import re

import pytest

from rlcalc.cli import command_of
from rlcalc.commands import COMMANDS
from rlcalc.errors import EXIT_CODES
from rlcalc.help import ENVIRONMENT, prose_and_examples
from rlcalc.manual import topic
from rlcalc.options import COMPUTATION, SHARDS
from tests.conftest import Shell


@pytest.mark.parametrize("name", COMMANDS)
def test_options_stand_in_sections_as_wide_as_the_terminal(name: str, rlcalc: Shell) -> None:
    narrow, wide = rlcalc(name, "--help").stdout, rlcalc(name, "--help", COLUMNS="200").stdout
    headings = [line[:-1] for line in narrow.splitlines() if re.match(r"\w.*:$", line)]

    optional = ([], [COMPUTATION], [COMPUTATION, SHARDS], [SHARDS])
    assert headings in (["Examples", "Source", *more, "Output"] for more in optional)
    assert all(len(line) <= 80 or line.startswith("  rlcalc ") for line in narrow.splitlines())
    assert all(len(line) <= 120 for line in wide.splitlines())
    assert len(wide.splitlines()) < len(narrow.splitlines())


@pytest.mark.parametrize("name", COMMANDS)
def test_an_example_is_a_line_that_can_be_copied(name: str, rlcalc: Shell) -> None:
    _, examples = prose_and_examples(command_of(name).__doc__ or "")
    lines = rlcalc(name, "--help", COLUMNS="60").stdout.splitlines()

    assert examples
    assert {f"  {example}" for example in examples} <= set(lines)


@pytest.mark.parametrize("words", [[], ["solve"]])
def test_help_has_the_exit_codes_and_the_environment(words: list[str], rlcalc: Shell) -> None:
    shown = " ".join(rlcalc(*words, "--help").stdout.split())

    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in shown
    for variable in ENVIRONMENT:
        assert variable in shown


def test_the_reference_has_every_exit_code() -> None:
    codes = topic("exit-codes").text

    assert [int(code) for code in re.findall(r"^\| (\d+) \|", codes, re.MULTILINE)] == [*EXIT_CODES]
