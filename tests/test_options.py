"""Groups of options, and what their texts mean."""

import inspect
from typing import get_args

import pytest

from rlcalc import UsageError, options
from rlcalc.cli import command_of
from rlcalc.commands import COMMANDS
from rlcalc.renderers import FORMATS
from tests.cases.program import as_json, run


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
        max_size="1GB",
    )
    source, reading = seen[0]

    assert source == "a.csv"
    assert reading.arguments() == {
        "kind": "csv",
        "columns": {"state": "s", "reward": "-cost"},
        "one_step": True,
        "order_by": None,
        "where": ("t > 5",),
        "max_size": "1GB",
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


@pytest.mark.parametrize("number", ["nan", "inf", "1.5", "-0.1"])
@pytest.mark.parametrize("command", ["gain", "estimate", "solve", "simulate", "gradient"])
def test_a_gamma_out_of_its_range_is_a_usage_error(command: str, number: str) -> None:
    """As a confidence is; one from a document is a fault of the document."""
    answer = run(command, "two-rooms", "-g", number)

    assert answer.code == 2
    assert f"--gamma {number} is not a number from 0 to 1" in answer.stderr


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("k", ["0", "-1"])
def test_a_k_below_1_is_refused_in_every_format(form: str, k: str) -> None:
    answer = run("group", "rollouts", "-k", k, "--estimator", "pass-k-analytic", "-f", form)

    assert answer.code == 2
    assert f"-k {k} is not at least 1" in answer.stderr


def test_a_k_above_every_group_ends_at_once() -> None:
    answer = run("group", "rollouts", "-k", "9" * 25, "--estimator", "pass-k-analytic", "--csv")

    assert answer.code == 0
    assert answer.notes("3 of 3 groups have fewer")


@pytest.mark.parametrize("command", ["simulate", "estimate", "gradient"])
@pytest.mark.parametrize("zeros", [13, 18, 30])
def test_more_episodes_than_a_day_has_are_refused(command: str, zeros: int) -> None:
    answer = run(command, "rifle", "-n", f"1{'0' * zeros}")

    assert answer.code == 2
    assert f"would take {10**zeros / 1e12:,.0f} days or more" in answer.stderr


@pytest.mark.parametrize("rule", ["temperature", "softmax"])
@pytest.mark.parametrize("number", ["5e-324", "1e-320", "1e-300", "1e308"])
def test_the_least_and_the_largest_temperature_warn_of_nothing(rule: str, number: str) -> None:
    """Warnings are errors in tests; the least temperature is as good as greedy."""
    answer = as_json("solve", "frozen-lake", "--policy", f"{rule}:{number}")

    assert answer.code == 0, answer.stderr
    assert all(0 <= p <= 1 for p in answer.column("pi") if p is not None)
