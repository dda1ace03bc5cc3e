"""Pictures of rollouts, by their data."""

import numpy as np
import pytest
from hypothesis import given

import rlcalc
from rlcalc.charts import Chart
from rlcalc.rollouts import Rollouts
from tests.groups.test_steps import Drawn, groups_drawn


def charts(rollouts: Rollouts) -> dict[str, Chart]:
    result = rlcalc.group(rollouts)
    assert result.charts is not None
    return {drawn.name: drawn for drawn in result.charts()}


def two_steps() -> Rollouts:
    """Prompt p is right half of the time, then always; q never."""
    return Rollouts.from_arrays(
        ["p", "p", "q", "q"] * 2,
        [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
        step=[1] * 4 + [5] * 4,
        length=[10, 20, 30, 40] * 2,
    )


def test_rewards_and_shares_by_step() -> None:
    drawn = charts(two_steps())
    shares = drawn["shares"].columns
    rows = list(zip(shares["step"], shares["of"], shares["share"], strict=True))

    assert drawn["reward"].columns["step"] == [1, 5]
    assert drawn["reward"].columns["reward"] == [0.25, 0.5]
    assert rows == [
        (1, "pass@1", 0.25),
        (5, "pass@1", 0.5),
        (1, "dead groups", 0.5),
        (5, "dead groups", 1.0),
    ]


def test_prompts_come_with_the_lowest_pass_rate_first() -> None:
    prompts = charts(two_steps())["prompts"]
    cells = list(zip(*(prompts.columns[n] for n in ("step", "prompt", "pass_rate")), strict=True))

    assert prompts.y.names == ["q", "p"]
    assert prompts.x.names == ["1", "5"]
    assert cells == [("1", "q", 0.0), ("5", "q", 0.0), ("1", "p", 0.5), ("5", "p", 1.0)]


def test_lengths_of_right_and_wrong() -> None:
    lengths = charts(two_steps())["lengths"].columns
    n = dict.fromkeys(lengths["outcome"], 0)
    for outcome, count in zip(lengths["outcome"], lengths["n"], strict=True):
        n[outcome] += count

    assert n == {"right": 3, "wrong": 5}


def test_one_step_has_histograms_in_place_of_curves() -> None:
    drawn = charts(Rollouts.from_arrays(["p", "p", "q", "q"], [1.0, 0.0, 0.0, 0.0]))

    assert list(drawn) == ["rewards", "status"]
    assert drawn["rewards"].columns["n"] == [3, 1]
    assert drawn["status"].columns["status"] == ["mixed", "dead: too hard"]


def test_two_runs_are_compared_by_prompt() -> None:
    result = rlcalc.group_against(two_steps(), Rollouts.from_arrays(["p", "q"], [0.25, 0.0]))
    assert result.charts is not None
    (drawn,) = result.charts()

    assert drawn.note == "1 won, 0 lost, 1 tied"
    assert sum(drawn.columns["n"]) == 2
    assert drawn.borders[0].at == pytest.approx((0.75 - 0.25) / 2)


def test_two_prompts_of_one_name_stay_two() -> None:
    rollouts = two_steps()
    rollouts.group[1] = "p"  # type: ignore[index]
    prompts = charts(rollouts)["prompts"]

    assert len(set(prompts.columns["prompt"])) == 2


def test_many_steps_stand_together_in_a_map() -> None:
    n = 1000
    rollouts = Rollouts.from_arrays(
        np.repeat(np.arange(n) % 70, 2), np.tile([0.0, 1.0], n), step=np.repeat(np.arange(n), 2)
    )
    drawn = charts(rollouts)

    assert len(set(drawn["rewards"].columns["step"])) <= 60
    assert len(drawn["reward"].columns["step"]) == 500
    assert len(set(drawn["prompts"].columns["prompt"])) == 50
    assert drawn["prompts"].note.startswith("50 of 70 prompts")


@given(groups_drawn)
def test_shares_of_a_step_add_up_and_all_rollouts_are_drawn(groups: Drawn) -> None:
    rows = [(s, p, r, n) for s, p, group in groups for r, n in group]
    step, prompt, reward, length = (list(column) for column in zip(*rows, strict=True))
    drawn = charts(Rollouts.from_arrays(prompt, reward, step=step, length=length))
    scored = [s for s, _, r, _ in rows if not np.isnan(r)]

    assert sum(drawn["lengths"].columns["n"]) == len(rows)
    if "status" in drawn:
        assert sum(drawn["rewards"].columns["n"]) == len(scored)
    elif scored:
        total: dict[float, float] = {}
        columns = drawn["rewards"].columns
        for begin, share in zip(columns["step"], columns["share"], strict=True):
            total[begin] = total.get(begin, 0.0) + share
        assert list(total.values()) == pytest.approx([1.0] * len(total))
