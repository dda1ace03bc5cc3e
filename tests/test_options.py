"""Groups of options, and what their texts mean."""

import inspect
from typing import get_args

import pytest

from rlcalc import UsageError, options
from rlcalc.cli import command_of
from rlcalc.commands import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_parameter_of_a_command_is_an_option_with_a_help(name: str) -> None:
    parameters = inspect.signature(
        options.flatten_option_groups(command_of(name))
    ).parameters.values()

    assert parameters
    for parameter in parameters:
        _, information = get_args(parameter.annotation)
        assert information.help
        assert parameter.default is not inspect.Parameter.empty


def test_a_group_is_given_to_the_command_as_one() -> None:
    seen = []

    def command(source: options.Model = None, *, reading: options.ReadOptions) -> None:
        seen.append((source, reading))

    options.flatten_option_groups(command)(
        source="a.csv",
        kind="csv",
        columns="state=s, reward=-cost",
        one_step=True,
        order_by=None,
        where=["t > 5"],
    )
    source, reading = seen[0]

    assert source == "a.csv"
    assert reading.arguments() == {
        "kind": "csv",
        "columns": {"state": "s", "reward": "-cost"},
        "one_step": True,
        "order_by": None,
        "where": ("t > 5",),
    }


def test_commas_in_parentheses_belong_to_the_name_of_a_state() -> None:
    assert options.parse_states_option("(0,1), b,,(2,2)") == ["(0,1)", "b", "(2,2)"]
    assert options.parse_states_option(None) is None


def test_settings_are_read_as_yaml() -> None:
    assert options.parse_set_option(["gamma=0.9", "gun=bad", "name="]) == {
        "gamma": 0.9,
        "gun": "bad",
        "name": "",
    }


@pytest.mark.parametrize(
    "call",
    [
        lambda: options.parse_states_option(" ,"),
        lambda: options.parse_set_option(["gun"]),
        lambda: options.parse_set_option(["=bad"]),
        lambda: options.ReadOptions(columns="state").arguments(),
        lambda: options.TableOutputOptions(head=3, all_=True),
        lambda: options.OutputOptions(json=True, csv=True),
    ],
)
def test_texts_without_a_meaning_are_refused(call: object) -> None:
    with pytest.raises(UsageError):
        call()  # type: ignore[operator]


def test_a_yaml_file_takes_the_policy_of_an_ascent() -> None:
    gradient = options.GradientOutputOptions(output="policy.yaml")

    assert (gradient.policy_file, gradient.file, gradient.form) == ("policy.yaml", None, "table")
