"""Rewards shaped by length: examples on paper, loops, and what must not change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.groups.advantages.length_penalty import penalised
from rlcalc.rollouts import Rollouts

pairs = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, 0.5, -1.0]), st.integers(1, 100)), min_size=2, max_size=6
)


def rollouts(*groups: list[tuple[float, int]]) -> Rollouts:
    flat = [pair for group in groups for pair in group]
    name = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return Rollouts.from_arrays(name, [r for r, _ in flat], length=[n for _, n in flat])


def test_kimi_on_paper() -> None:
    """λ = ½, 0, −½ for the shortest, the middle and the longest."""
    held = rollouts([(1, 10), (0, 10), (1, 20), (0, 30)])

    assert penalised(held, "kimi", 1.0).reward.tolist() == [1.5, 0, 1, -0.5]


def test_efficiency_on_paper() -> None:
    """The right ones are 20 long in the mean; that of 10 tokens grows by a half."""
    held = rollouts([(1, 10), (1, 30), (0, 1)])

    assert penalised(held, "efficiency", 1.0).reward.tolist() == [1.5, 1, 0]


def test_overlong_on_paper() -> None:
    held = rollouts([(1, 80), (1, 90), (1, 100), (1, 120)])

    assert penalised(held, "overlong:100:20", 1.0).reward.tolist() == [1, 0.5, 0, 0]


@given(pairs, pairs)
def test_each_is_its_loop(one: list[tuple[float, int]], two: list[tuple[float, int]]) -> None:
    held, groups = rollouts(one, two), (one, two)
    kimi, efficient = [], []
    for group in groups:
        low, high = min(n for _, n in group), max(n for _, n in group)
        best = max(r for r, _ in group)
        long = [n for r, n in group if r == best]
        for r, n in group:
            bonus = 0.5 - (n - low) / (high - low) if high > low else 0.0
            kimi.append(r + (bonus if r >= 1 else min(0.0, bonus)))
            share = min(1.0, max(0.0, 1 - n / (sum(long) / len(long))))
            efficient.append(r * (1 + share) if r == best > 0 else r)

    np.testing.assert_allclose(penalised(held, "kimi", 1.0).reward, kimi, atol=1e-12)
    np.testing.assert_allclose(penalised(held, "efficiency", 1.0).reward, efficient, atol=1e-12)


def test_only_advantages_see_it() -> None:
    """Rewards, pass@k and dead groups are what they were."""
    held = rollouts([(1, 10), (1, 20)], [(0, 5), (1, 5)])
    plain = rlcalc.group(held, "dr-grpo")
    shaped = rlcalc.group(held, "dr-grpo", length_penalty="kimi")

    assert shaped["reward"].tolist() == plain["reward"].tolist()
    assert shaped["advantage"].tolist() == [0.5, -0.5, -0.5, 0.5]
    assert plain["advantage"].tolist() == [0, 0, -0.5, 0.5]
    assert shaped.facts["estimator"] == "dr-grpo, length penalty kimi"


def test_lengths_are_needed() -> None:
    with pytest.raises(InputError, match="length"):
        rlcalc.group(Rollouts.from_arrays([0, 0], [0, 1]), length_penalty="kimi")
