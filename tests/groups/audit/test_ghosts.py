"""Ghosts: a rounding error of the mean, divided by epsilon."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.fitting import Comparison
from rlcalc.groups.audit.ghosts import ghost_count, ghosts, unexplained
from rlcalc.groups.groups import Groups
from rlcalc.rollouts import Rollouts

ROLLOUTS = Rollouts.from_arrays(
    [0, 0, 1, 1, 2], [0.1, 0.1, 0.0, 1.0, 3.0], advantage=[0.3, 0.0, -(0.5**0.5), 0.5**0.5, 0.0]
)


def test_only_a_group_of_equal_rewards_has_ghosts() -> None:
    found = ghosts(Comparison(Groups(ROLLOUTS)), Convention("grpo", 1e-8))

    assert found.tolist() == [True, False, False, False, False]
    assert ghost_count(Groups(ROLLOUTS)) == 1


def test_reinforce_has_no_ghosts() -> None:
    """It gives equal rewards an advantage by definition."""
    assert not ghosts(Comparison(Groups(ROLLOUTS)), Convention("reinforce")).any()


def test_infinite_and_missing_advantages_are_no_ghosts() -> None:
    rollouts = Rollouts.from_arrays([0, 0], [1.0, 1.0], advantage=[np.inf, np.nan])

    assert not ghosts(Comparison(Groups(rollouts)), None).any()


@given(
    st.sampled_from([1.0, 5.0, 0.25, 3.0, 1000.0]),
    st.integers(2, 64),
    st.floats(1e-4, 1e6),
    st.sampled_from([1e-4, 1e-6, 1e-9]),
)
def test_sums_that_are_exact_make_no_ghosts(
    reward: float, size: int, advantage: float, epsilon: float
) -> None:
    """5 + 5 + 5 is exact in float32, so r − μ is 0, whatever ε divides it."""
    comparison = Comparison(
        Groups(Rollouts.from_arrays([0] * size, [reward] * size, advantage=[advantage] * size))
    )
    how = Convention("grpo", epsilon)

    assert not ghosts(comparison, how).any()
    assert advantage <= 1 / 16 or unexplained(comparison, how).all()


@given(st.floats(1e-3, 1e3), st.integers(2, 64), st.sampled_from([1e-4, 1e-6, 1e-9]))
def test_what_no_epsilon_can_make_of_the_rest_is_no_ghost(
    reward: float, size: int, epsilon: float
) -> None:
    """The rest of r − μ is at most (G + 1) roundings of r."""
    advantage = 2.1 * (size + 1) * 2.0**-24 * reward / epsilon
    comparison = Comparison(
        Groups(Rollouts.from_arrays([0] * size, [reward] * size, advantage=[advantage] * size))
    )

    assert not ghosts(comparison, Convention("grpo", epsilon)).any()
