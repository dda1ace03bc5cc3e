"""One fact of an answer, and conditions on facts that a pipeline fails on."""

import json

import pytest

from rlcalc import InputError, Result, UsageError
from rlcalc.conditions import Condition
from rlcalc.facts import facts_that_hold
from tests.conftest import Shell

RESULT = Result(
    "group",
    "Groups",
    {},
    {
        "dead_share": 0.625,
        "k": None,
        "sizes": {"of 2": 3, "of 4": None},
        "method": "grpo",
        "no": {},
    },
)


def test_a_fact_is_found_by_its_name_in_json_and_in_a_table() -> None:
    assert RESULT.fact("dead_share") == RESULT.fact("dead share") == 0.625
    assert RESULT.fact("sizes.of 2") == 3
    assert RESULT.fact("method") == "grpo"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dead_shar", "did you mean dead_share"),
        ("sizes", "name one: sizes.of 2"),
        ("xyz", "there are dead_share"),
    ],
)
def test_a_name_that_is_not_a_fact_is_a_usage_error(name: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        RESULT.fact(name)

    assert message in str(error.value)


@pytest.mark.parametrize("name", ["k", "sizes.of 4", "no"])
def test_a_fact_without_a_value_is_an_error(name: str) -> None:
    with pytest.raises(InputError, match="no value"):
        RESULT.fact(name)


def test_conditions_that_hold_are_named_with_the_value() -> None:
    conditions = [Condition.parse(text) for text in ("dead_share > 0.5", "method = rloo")]
    faults = facts_that_hold(RESULT.plain_facts(), conditions)

    assert [fault.what for fault in faults] == ["dead_share is 0.625"]
    with pytest.raises(InputError):
        facts_that_hold(RESULT.plain_facts(), [Condition.parse("k > 1")])


def test_a_fact_is_printed_alone_and_in_full(rlcalc: Shell) -> None:
    done = rlcalc("estimate", "two-states", "--fact", "start_value_se")
    facts = json.loads(rlcalc("estimate", "two-states", "--json").stdout)["facts"]

    assert done.stdout == f"{facts['start_value_se']!r}\n"
    assert done.stderr == ""


def test_the_answer_is_written_before_a_condition_fails(rlcalc: Shell) -> None:
    whole = rlcalc("estimate", "two-states", "--csv")
    done = rlcalc(
        "estimate",
        "two-states",
        "--csv",
        "-q",
        "--fail-on",
        "start_value > 2",
        "--fail-on",
        "states=9",
    )

    assert (done.returncode, done.stdout) == (4, whole.stdout)
    assert done.stderr.startswith("error: start_value is 3.0\n  where: --fail-on 'start_value > 2'")
    assert "states" not in done.stderr


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--fact", "start_valeu"), 2),
        (("--fact", "states", "--json"), 2),
        (("--fact", "states", "--sort", "v"), 2),
        (("--fail-on", "start_value"), 2),
        (("--fail-on", "start_valeu > 2"), 2),
        (("--having", "v > high"), 2),
        (("--sort", "vv"), 2),
        (("--fail-on", "start_value < 2"), 0),
    ],
)
def test_nothing_is_written_where_an_option_is_wrong(
    options: tuple[str, ...], code: int, rlcalc: Shell
) -> None:
    done = rlcalc("estimate", "two-states", *options)

    assert done.returncode == code
    assert bool(done.stdout) == (code == 0)


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "tsv", "md"])
def test_every_format_has_the_chosen_rows_in_their_order(form: str, rlcalc: Shell) -> None:
    options = ("--sort", "q:desc", "--having", "n = 2", "--head", "2")
    shown = rlcalc("estimate", "two-states", "-f", form, *options).stdout
    places = [shown.find(word) for word in ("right", "stay", "left")]

    assert places[:2] == sorted(places[:2])
    assert (places[2] == -1) == (form == "table")


def test_a_simulation_shows_its_summary_where_an_option_needs_it(rlcalc: Shell) -> None:
    play = ("simulate", "rifle", "-n", "20", "--seed", "1")

    assert rlcalc(*play, "--fact", "start_value").stdout == "1.0\n"
    assert rlcalc(*play, "--with-prob", "--fact", "start_value").returncode == 2
