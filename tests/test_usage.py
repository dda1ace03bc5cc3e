"""Usage errors: one style, the nearest name, and no words of the parser's libraries."""

import re

import pytest
from typer._click.exceptions import ClickException

from rlcalc.cli import app_of
from rlcalc.commands import COMMANDS
from rlcalc.errors import UsageError
from rlcalc.usage import OTHER_NAMES, usage_error, usages_of
from tests.conftest import Shell

LEAKS = re.compile(r"Value error|Input should|Usage:|Error:|Invalid value|pydantic|\.\.\.")


def refused(*words: str) -> UsageError | None:
    """The error of a call that is refused before anything is read; None: it is not."""
    try:
        app_of([words[0]])([*words, "--no-such-option"], standalone_mode=False)
    except ClickException as error:
        return usage_error(error)
    except UsageError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("words", "what", "fix"),
    [
        ("gain --lambda 0.9", "rlcalc gain has no option --lambda", "estimate and advantage have"),
        ("group --kl k3", "rlcalc group has no option --kl", "rlcalc objective has it"),
        ("estimate --vist every", "no option --vist", "did you mean --visit?"),
        ("estimate --conf 0.9", "no option --conf", "did you mean --confidence?"),
        ("estimate --discount 0.9", "no option --discount", "use --gamma"),
        ("estimate --zzz", "no option --zzz", "rlcalc estimate --help shows its options"),
        ("estimate --of start", "--of start is not one of all, v, q, a", "use one of all, v"),
        ("estimate --confidence a", "--confidence a is not a number", "--confidence 0..1"),
        ("estimate x --confidence 1.5", "confidence is 1.5", "0.95"),
        ("solve --horizon 0", "--horizon 0 is below 1", "at least 1"),
        ("solve --horizon 1.5", "--horizon 1.5 is not a whole number", "--horizon N"),
        ("solve two-rooms --gamma 1.5", "--gamma 1.5 is not a number from 0 to 1", "--gamma 0.99"),
        ("solve a b", "rlcalc solve takes one argument, and b is more", "leave it out"),
        ("gain --gamma", "--gamma needs a value", "write --gamma 0..1"),
        ("gain --json=1", "--json takes no value", "write --json alone"),
        ("estimat", "there is no command estimat", "did you mean estimate?"),
        ("solve two-rooms --policy optimla", "there is no policy optimla", "did you mean optimal"),
        ("simulate rifle --policy foo", "there is no policy foo", "a policy is optimal"),
    ],
)
def test_a_usage_error_says_what_and_how_to_fix_it(
    words: str, what: str, fix: str, rlcalc: Shell
) -> None:
    done = rlcalc(*words.split())
    first, *_, last = done.stderr.splitlines()

    assert (done.returncode, done.stdout) == (2, "")
    assert first.startswith("error: ")
    assert last.startswith("  fix:   ")
    assert what in first
    assert fix in last
    assert not LEAKS.search(done.stderr)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_option_leaks_the_words_of_a_library(command: str) -> None:
    """A word for every option that takes a value: what is no number, no choice, or no option."""
    for flag in usages_of(command):
        error = refused(command, flag, "zzz")

        assert error is not None, flag
        assert error.exit_code == 2
        assert error.faults[0].fix
        assert not LEAKS.search(str(error)), flag


def test_names_of_other_programs_lead_to_options() -> None:
    known = {flag for command in COMMANDS for flag in usages_of(command)}

    assert set(OTHER_NAMES.values()) <= known


def test_no_arguments_at_all_is_the_help(rlcalc: Shell) -> None:
    done = rlcalc()

    assert done.returncode == 2
    assert done.stderr.startswith("Usage: ")
