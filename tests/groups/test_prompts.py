"""A row a prompt: each number by a loop, the test of a trend by all orders of the rollouts."""

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rlcalc
from rlcalc.groups.groups import Groups
from rlcalc.groups.prompts import LEVEL, STATUS, Prompts
from rlcalc.renderers import output
from rlcalc.rollouts import Rollouts

groups_drawn = st.lists(
    st.tuples(
        st.integers(0, 4),  # step
        st.sampled_from("pqr"),  # prompt
        st.lists(st.sampled_from([0.0, 0.0, 1.0, np.nan]), min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=9,
    unique_by=lambda drawn: drawn[:2],
)
Drawn = list[tuple[int, str, list[float]]]


def rollouts_of(drawn: Drawn) -> Rollouts:
    rows = [(step, prompt, reward) for step, prompt, rewards in drawn for reward in rewards]
    step, prompt, reward = (list(column) for column in zip(*rows, strict=True))
    return Rollouts.from_arrays(prompt, reward, step=step)


def of_rate(by_step: dict[int, list[float]]) -> Prompts:
    return Prompts(Groups(rollouts_of([(step, "p", rewards) for step, rewards in by_step.items()])))


@given(groups_drawn)
def test_every_number_is_that_of_a_loop(drawn: Drawn) -> None:
    every = [r for _, _, rewards in drawn for r in rewards if not np.isnan(r)]
    rows = list(rlcalc.group(rollouts_of(drawn), rows="prompts").rows())
    order = list(dict.fromkeys(p for _, p, _ in sorted(drawn, key=lambda one: one[0])))

    assert sorted(row["group"] for row in rows) == sorted(order)
    for row in rows:
        here = sorted((s, rewards) for s, p, rewards in drawn if p == row["group"])
        known = [(s, r) for s, rewards in here for r in rewards if not np.isnan(r)]
        flat = [r for _, r in known]
        assert row["occurrences"] == len(here)
        assert row["rollouts"] == sum(len(rewards) for _, rewards in here)
        if not known:
            assert (row["pass_rate"], row["status"]) == (None, "unknown")
            continue
        assert set(every) <= {0, 1}
        assert row["pass_rate"] == pytest.approx(np.mean(flat))
        assert row["reward"] == pytest.approx(np.mean(flat))
        assert row["pass_rate_low"] <= row["pass_rate"] <= row["pass_rate_high"]
        for name, step in (("first", known[0][0]), ("last", known[-1][0])):
            at = [r for s, r in known if s == step]
            assert row[f"{name}_pass_rate"] == pytest.approx(np.mean(at))
        assert (row["status"] == "never learnt") == (max(flat) == 0)
        assert (row["status"] == "always right") == (min(flat) == 1)


@given(st.dictionaries(st.integers(0, 9), st.lists(st.sampled_from([0.0, 1.0]), min_size=1)))
def test_the_slope_is_that_of_least_squares(by_step: dict[int, list[float]]) -> None:
    t = np.array([step for step, rewards in by_step.items() for _ in rewards], float)
    y = np.array([reward for rewards in by_step.values() for reward in rewards])
    assume(len(set(t)) > 1 and len(t) > 2)
    slope, error = of_rate(by_step).slope
    design = np.stack([np.ones(len(t)), t], axis=1)
    fitted, *_ = np.linalg.lstsq(design, y, rcond=None)
    left = y - design @ fitted
    covariance = np.linalg.inv(design.T @ design) * (left @ left) / (len(t) - 2)

    assert slope[0] == pytest.approx(fitted[1], abs=1e-9)
    assert error[0] == pytest.approx(np.sqrt(covariance[1, 1]), abs=1e-6)


@pytest.mark.parametrize(
    "by_step",
    [
        {1: [0.0] * 4, 2: [1.0] * 4},
        {1: [0.0, 0, 0], 3: [0.0, 0, 1], 7: [1.0, 1]},
        {1: [0.0, 1], 2: [0.0, 1], 3: [1.0, 0, 0]},
    ],
)
def test_the_chance_of_a_trend_is_that_of_all_orders(by_step: dict[int, list[float]]) -> None:
    """The normal law beside the exact one: near it, and on no side of the level but its own."""
    t = np.array([step for step, rewards in by_step.items() for _ in rewards], float)
    y = np.array([reward for rewards in by_step.values() for reward in rewards])
    middle = t.sum() * y.mean()
    away = np.abs([np.dot(t, order) - middle for order in set(permutations(y.tolist()))])
    exact = float(np.mean(away >= abs(t @ y - middle) - 1e-9))
    p = float(of_rate(by_step).p_value[0])

    assert p == pytest.approx(exact, abs=0.06)
    assert (p < LEVEL) == (exact < LEVEL)


def test_one_prompt_in_twenty_that_does_not_change_is_taken_for_one_that_does() -> None:
    random = np.random.default_rng(3)
    reward = (random.random((2000, 5, 8)) < random.random((2000, 1, 1))).astype(float)
    prompt, step = np.repeat(np.arange(2000), 40), np.tile(np.repeat(np.arange(5), 8), 2000)
    status = Prompts(Groups(Rollouts.from_arrays(prompt, reward.ravel(), step=step))).status
    changes = np.isin(status, [STATUS.index("learning"), STATUS.index("forgetting")])

    assert 0.02 < changes.mean() < 0.055


def test_statuses_on_paper() -> None:
    """a: 0, 0. b: 1, 1. c: 0 of 8 and 8 of 8. d the other way. e: 4 of 8 and 5 of 8."""
    rates = {"a": (0, 0), "b": (8, 8), "c": (0, 8), "d": (8, 0), "e": (4, 5)}
    drawn = [
        (step, prompt, [1.0] * right[step] + [0.0] * (8 - right[step]))
        for step in (0, 1)
        for prompt, right in rates.items()
    ]
    result = rlcalc.group(rollouts_of(drawn), rows="prompts")

    assert list(result["status"]) == [
        "never learnt",
        "always right",
        "learning",
        "forgetting",
        "mixed",
    ]
    assert list(result["slope"]) == pytest.approx([0, 0, 1, -1, 0.125])
    assert result.facts["never_learnt"] == 1
    assert result.facts["prompts_are"]["mixed"] == 1  # type: ignore[index,call-overload]
    assert "never learnt: a" in result.notes


def test_a_prompt_is_its_text_whatever_its_group_is_called(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    rows = [
        {"step": step, "group": f"{step}-{n}", "prompt": prompt, "reward": float(step > 1)}
        for step in (1, 2)
        for n, prompt in enumerate(["1 + 1", "2 + 2"])
        for _ in range(3)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = rlcalc.group(str(path), rows="prompts")

    assert list(result["prompt"]) == ["1 + 1", "2 + 2"]
    assert list(result["occurrences"]) == [2, 2]
    assert list(result["group"]) == ["1-0", "1-1"]
    assert len(rlcalc.group(str(path), rows="prompts", group="group")) == 4


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "parquet", "md", "table"])
def test_every_format_has_the_prompts(form: str, tmp_path: Path) -> None:
    """Groups by text have numbers for names, in an array of numpy's."""
    rows = [{"prompt": p, "response": "x", "reward": 1.0} for p in ("p", "p", "q")]
    result = rlcalc.group(pl.DataFrame(rows), rows="prompts")
    with (tmp_path / "answer").open("wb") as stream:
        output.write(result, form, stream)

    assert b"always right" in (tmp_path / "answer").read_bytes()


def test_rewards_of_another_scale_leave_the_status_unknown() -> None:
    result = rlcalc.group(Rollouts.from_arrays(["a", "a"], [0.2, 0.5]), rows="prompts")

    assert list(result["status"]) == ["unknown"]
    assert result.facts["never_learnt"] == 0
