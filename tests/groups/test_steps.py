"""Rows of training steps, worked out one step after the other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.rollouts import Rollouts

Drawn = list[tuple[int, int, list[tuple[float, int]]]]
groups_drawn = st.lists(
    st.tuples(
        st.integers(0, 3),  # step
        st.integers(0, 3),  # prompt
        st.lists(
            st.tuples(st.sampled_from([0.0, 0.5, 1.0, np.nan]), st.integers(0, 9)), min_size=1
        ),
    ),
    min_size=1,
    max_size=9,
    unique_by=lambda group: group[:2],
)


def step_rows(drawn: Drawn) -> list[dict[str, Any]]:
    rows = [(s, p, r, n) for s, p, group in drawn for r, n in group]
    step, prompt, reward, length = (list(column) for column in zip(*rows, strict=True))
    rollouts = Rollouts.from_arrays(
        prompt, reward, step=step, length=length, truncated=np.array(length) > 6
    )
    return list(rlcalc.group(rollouts, rows="steps").rows())


def mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None


def same(found: float | None, wanted: float | None) -> bool:
    return found is wanted or found == pytest.approx(wanted, abs=1e-9)


def state(group: list[tuple[float, int]]) -> str:
    known = [reward for reward, _ in group if not np.isnan(reward)]
    if len(known) < 2:
        return "neither"
    return "dead" if len(set(known)) == 1 else "mixed"


def test_an_example_on_paper() -> None:
    """p is dead, then mixed; q is mixed and then dead; r is new at step 2."""
    rows = step_rows(
        [
            (1, 0, [(0.0, 4), (0.0, 6)]),
            (1, 1, [(1.0, 2), (0.0, 8)]),
            (2, 0, [(1.0, 1), (0.0, 1)]),
            (2, 1, [(1.0, 3), (1.0, 3)]),
            (2, 2, [(0.0, 9), (0.0, 9)]),
        ]
    )

    assert rows[0] == {
        "step": 1,
        "groups": 2,
        "rollouts": 4,
        "reward": 0.25,
        "reward_se": pytest.approx(0.25),  # group means 0 and .5
        "reward_low": pytest.approx(0.25 - 12.706205 * 0.25),  # t with one degree of freedom
        "reward_high": pytest.approx(0.25 + 12.706205 * 0.25),
        "reward_needs": "reward: 15 groups",
        "spread": pytest.approx((0.5 / 2) ** 0.5),
        "dead_share": 0.5,
        "pass_at_1": 0.25,
        "length_right": 2,
        "length_wrong": 6,
        "truncated_share": 0.25,
        "new_prompts": 2,
        "repeated_prompts": 0,
        "dead_to_mixed": None,
    }
    assert (rows[1]["new_prompts"], rows[1]["repeated_prompts"]) == (1, 2)
    assert rows[1]["dead_to_mixed"] == 0.5
    assert rows[1]["dead_share"] == pytest.approx(2 / 3)


@given(groups_drawn)
def test_every_number_is_that_of_a_loop(drawn: Drawn) -> None:
    last: dict[int, str] = {}
    every = [r for _, _, group in drawn for r, _ in group if not np.isnan(r)]
    tells_right = max(every, default=0) >= 1 or set(every) == {0}
    for row in step_rows(drawn):
        here = [(p, group) for s, p, group in drawn if s == row["step"]]
        flat = [one for _, group in here for one in group]
        known = [(r, n) for r, n in flat if not np.isnan(r)]
        parts = [[r for r, _ in group if not np.isnan(r)] for _, group in here]
        free = sum(len(part) - 1 for part in parts if part)
        squares = sum(np.var(part) * len(part) for part in parts if part)
        states = {p: state(group) for p, group in here}
        again = [p for p in states if p in last]
        went = [last[p] == "dead" and states[p] == "mixed" for p in again]
        alive = [s == "dead" for s in states.values() if s != "neither"]

        assert (row["groups"], row["rollouts"]) == (len(here), len(flat))
        assert same(row["reward"], mean([r for r, _ in known]))
        assert same(row["spread"], (squares / free) ** 0.5 if free else None)
        assert same(row["dead_share"], mean(alive))
        rates = [mean([r >= 1 for r in part]) or 0 for part in parts if part and tells_right]
        assert same(row["pass_at_1"], mean(rates))
        assert same(row["length_right"], mean([n for r, n in known if r >= 1]))
        assert same(row["length_wrong"], mean([n for r, n in known if r < 1 and tells_right]))
        assert same(row["truncated_share"], mean([n > 6 for _, n in flat]))
        assert (row["new_prompts"], row["repeated_prompts"]) == (
            len(states) - len(again),
            len(again),
        )
        assert same(row["dead_to_mixed"], mean(went))
        last |= states


@given(groups_drawn)
def test_new_prompts_add_up_to_all_of_them(drawn: Drawn) -> None:
    rows = step_rows(drawn)

    assert sum(row["new_prompts"] for row in rows) == len({p for _, p, _ in drawn})
    assert sum(row["repeated_prompts"] + row["new_prompts"] for row in rows) == len(drawn)


def test_the_error_of_a_step_is_that_of_the_summary() -> None:
    rollouts = rlcalc.load_rollouts("rollouts")
    steps, summary = (rlcalc.group(rollouts, rows=rows) for rows in ("steps", "summary"))  # type: ignore[call-overload]

    assert steps["reward"].tolist() == summary["reward"].tolist()
    assert steps["reward_se"].tolist() == summary["reward_se"].tolist()


def test_the_error_of_a_step_covers_the_truth() -> None:
    """The mean of 40 groups of 4, whose rewards hang together, 400 times."""
    random = np.random.default_rng(5)
    rate = random.beta(1, 1, (400, 40))
    reward = (random.random((400, 40, 4)) < rate[:, :, None]).astype(float)
    step = np.repeat(np.arange(400), 160)
    rollouts = Rollouts.from_arrays(np.repeat(np.arange(16_000), 4), reward.ravel(), step=step)
    result = rlcalc.group(rollouts, rows="steps")
    z = (result["reward"] - 0.5) / result["reward_se"]

    assert 0.85 < z.std() < 1.15
    assert abs(z.mean()) < 4 / 400**0.5


def test_prompts_that_cannot_be_told_apart_are_neither_new_nor_repeated() -> None:
    rollouts = Rollouts.from_arrays([0, 0, 1, 1], [0.0, 1.0, 0.0, 0.0], step=[1, 1, 2, 2])
    fields = {name: getattr(rollouts, name) for name in rollouts.__dataclass_fields__}
    unknown = Rollouts(**{**fields, "facts": {"prompts_known": False}})
    rows = list(rlcalc.group(unknown, rows="steps").rows())

    assert [row["new_prompts"] for row in rows] == [None, None]
    assert [row["dead_to_mixed"] for row in rows] == [None, None]
