"""Gain and bias of policies: within their errors of exact fractions, and of many states at once."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

import rlcalc
from rlcalc.solvers.methods import linear
from rlcalc.solvers.methods.chain_evaluation import classes_of, evaluate
from tests.solvers.exact_average import gain_and_bias, uniform
from tests.solvers.models import mdp_of, models


def test_two_classes_and_a_way_to_them_by_hand() -> None:
    """From 0 one goes to 1, which earns 4 a step, or to 2 and 3, which earn 2 and 0 in turn.

    The bias of 2 and 3 is ±1/2, as its mean is 0. g(0) = (4 + 1)/2 and h(0) = 6 − 5/2 + 1/4.
    """
    chain = mdp_of(
        {
            (0, 0): [(1, 0.5, 6.0), (2, 0.5, 6.0)],
            (1, 0): [(1, 1.0, 4.0)],
            (2, 0): [(3, 1.0, 2.0)],
            (3, 0): [(2, 1.0, 0.0)],
        },
        4,
    ).expected
    classes = classes_of(chain)
    policy = evaluate(chain, classes)

    assert classes.count == 2
    assert policy.gain.tolist() == [2.5, 4, 1, 1]
    assert policy.bias.tolist() == [3.75, 0, 0.5, -0.5]
    assert policy.gain_error < 1e-13
    assert policy.bias_error < 1e-12


@given(models(terminal=False))
def test_gain_and_bias_are_within_their_errors(mdp: rlcalc.MDP) -> None:
    chain = mdp.expected.induced_by(np.array(list(map(float, uniform(mdp)))))
    policy = evaluate(chain, classes_of(chain))
    gain, bias = gain_and_bias(mdp, uniform(mdp))

    for computed, exact, error in (
        (policy.gain, gain, policy.gain_error),
        (policy.bias, bias, policy.bias_error),
    ):
        assert np.isfinite(error)
        assert max(abs(Fraction(c) - e) for c, e in zip(computed, exact, strict=True)) <= error


def test_the_centre_of_a_class_is_a_state_that_is_visited_often() -> None:
    """Nine in ten steps lead to 2, from wherever one is."""
    outcomes = {(s, 0): [(2, 0.9, 0.0), ((s + 1) % 4, 0.1, 0.0)] for s in range(4)}

    assert classes_of(mdp_of(outcomes, 4).expected).centre.tolist() == [2]


@pytest.mark.parametrize("n", [100, 3 * linear.DENSE])
def test_a_corridor_between_two_loops_is_right_at_any_length(n: int) -> None:
    """One goes left or right with a half: the chance of the right end is s/n, as of a gambler.

    A step costs 1 in the corridor and nothing at its ends, of which the right one earns 2; the
    steps to an end are s (n − s), and the bias starts from how long g is not earned.
    """
    inner = {(s, 0): [(s - 1, 0.5, -1.0), (s + 1, 0.5, -1.0)] for s in range(1, n)}
    loops = {(0, 0): [(0, 1.0, 0.0)], (n, 0): [(n, 1.0, 2.0)]}
    chain = mdp_of({**inner, **loops}, n + 1).expected
    policy = evaluate(chain, classes_of(chain))
    s = np.arange(n + 1)

    np.testing.assert_allclose(policy.gain, 2 * s / n, atol=1e-9)
    h = policy.bias
    np.testing.assert_allclose(
        h[1:-1], -1 - policy.gain[1:-1] + (h[:-2] + h[2:]) / 2, atol=1e-9 * np.abs(h).max()
    )
    assert abs(h[[0, -1]]).max() == 0
