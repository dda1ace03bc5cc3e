"""Questions about shards: what is refused before anything is read."""

from typing import Any

import pytest

import rlcalc
from rlcalc.errors import InputError, UsageError
from rlcalc.partials import Partial
from tests.shards.conftest import Cut, cut, log_of_steps

__all__ = ["cut"]


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        ("solve", {}, "solve has no answer from shards"),
        ("estimate", {"engine": "dask"}, "there is no engine dask"),
        ("estimate", {"model": object()}, "no plain value"),
        ("group", {"like": "x"}, "--like has no effect on group"),
        ("estimate", {"jobs": 1.5}, "expected a whole number"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    command: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        rlcalc.by_shards(command, "two-states", **arguments)


@pytest.mark.parametrize(
    ("command", "arguments", "fix"),
    [
        ("estimate", {"gama": 0.9}, "did you mean gamma?"),
        ("check", {"colums": {"state": "x"}}, "did you mean columns?"),
        ("group", {"reward_": "x"}, "did you mean reward?"),
        ("gradient", {"model": "student", "forms": "q"}, "did you mean form?"),
        ("simulate", {"episodes": 3, "seeds": 1}, "did you mean seed?"),
    ],
)
def test_a_mistyped_argument_names_the_nearest(
    command: str, arguments: dict[str, Any], fix: str
) -> None:
    source = "student" if command == "simulate" else "rollouts"
    with pytest.raises(UsageError, match=f"{command} has no argument") as caught:
        rlcalc.by_shards(command, source, **arguments)
    assert caught.value.faults[0].fix.startswith(fix)


def test_usual_arguments_are_no_other_question(cut: Cut) -> None:
    names = cut(log_of_steps(0, 20).drop("env"), [10])
    one = rlcalc.partial("estimate", names[0], shard="1/2", like=names[0])
    two = rlcalc.partial(
        "estimate", names[1], shard="2/2", like=names[0], visit="first", of="all", confidence=0.95
    )

    assert rlcalc.merge(one, two).facts["trajectories"] == 20


def test_more_parts_than_shards_are_refused(cut: Cut) -> None:
    names = cut(log_of_steps(0, 20).drop("env"), [10])

    with pytest.raises(UsageError, match="there are 2"):
        rlcalc.partial("estimate", names, shard="1/3")
    assert rlcalc.partial("estimate", names, shard="2/2").shards[0].number == 1


def test_a_question_that_nobody_knows_is_refused() -> None:
    partial = rlcalc.partial("check", "two-states")
    strange = Partial({**partial.question, "odd": 1}, None, partial.shards, partial.nodes)

    with pytest.raises(UsageError, match="has no argument odd"):
        rlcalc.merge(strange)
    question = {name: value for name, value in partial.question.items() if name != "layout"}
    with pytest.raises(InputError, match="no question that is known"):
        rlcalc.merge(Partial(question, None, partial.shards, partial.nodes))


def test_shards_that_were_judged_differently_are_named(cut: Cut) -> None:
    plain = log_of_steps(0, 20)
    names = cut(plain, [])
    others = cut(log_of_steps(0, 20, interleaved=3), [])
    parts = [rlcalc.partial("estimate", name) for name in (*names, *others)]

    with pytest.raises(InputError, match="layout is") as caught:
        rlcalc.merge(parts)
    assert "--like FILE" in caught.value.faults[0].fix
