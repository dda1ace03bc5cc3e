"""Numeric options: no number ends in a bug, a warning of a library, or another code by format."""

import inspect
from typing import get_args

import pytest

from rlcalc import options
from rlcalc.cli import command_of
from rlcalc.renderers import FORMATS, PICTURES
from tests.cases.program import run
from tests.fuzz.arguments import SLOW

CALLS = {
    "gain": ("three-steps",),
    "estimate": ("two-states", "-n", "3", "--max-steps", "4"),
    "solve": ("two-rooms",),
    "simulate": ("two-rooms", "-n", "3", "--max-steps", "4"),
    "gradient": ("two-rooms", "-n", "3", "--max-steps", "4"),
    "group": ("rollouts",),
}
NUMBERS = ("nan", "inf", "-inf", "-1", "0", "1", "0.5", "1e400", "1e-320", str(10**30), "x", "")
KINDS = (int, float, int | None, float | None)


def numeric_options() -> list[tuple[str, str]]:
    """Every command and numeric option, by its first flag."""
    found = []
    for command in CALLS:
        signature = inspect.signature(options.flatten_option_groups(command_of(command)))
        for option in signature.parameters.values():
            kind, about = get_args(option.annotation)
            if kind in KINDS:
                found.append((command, about.default, option.name in SLOW))
    return found


@pytest.mark.parametrize(("command", "flag", "is_slow"), numeric_options())
def test_a_number_has_the_same_code_in_every_format(
    command: str, flag: str, *, is_slow: bool
) -> None:
    """Warnings are errors in tests; a large number of steps may well take long."""
    forms = [form for form in FORMATS if form not in PICTURES]  # some answers have none
    seed = ("--seed", "1") if command in ("estimate", "simulate", "gradient") else ()
    first = "json" if flag == "--group-size" else "table"  # a table has a summary, of no groups
    for place, number in enumerate(NUMBERS):
        if is_slow and len(number) > 9:
            continue
        answers = {
            form: run(command, *CALLS[command], *seed, flag, number, "-f", form)
            for form in (first, forms[1 + place % (len(forms) - 1)])
        }
        codes = {form: answer.code for form, answer in answers.items()}

        assert set(codes.values()) < {0, 2, 3, 4}, (flag, number, codes)
        assert len(set(codes.values())) == 1, (flag, number, codes)
