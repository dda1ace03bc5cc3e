"""Two floats: sums that are exact, and what is left residual of a backup beside fractions."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.mdp import MDP
from rlcalc.solvers.proofs.double_double import TwoFloats, residual
from tests.solvers.models import models


@given(models(), st.integers(0, 99))
def test_what_is_left_over_is_known_but_for_its_margin(mdp: MDP, seed: int) -> None:
    """Beside the same in fractions, in which eighths and two floats are exact."""
    model, rng = mdp.expected, np.random.default_rng(seed)
    values = TwoFloats(rng.normal(size=model.n_states), np.zeros(model.n_states))
    values = values.plus(rng.normal(size=model.n_states) * 1e-18)
    gained, margin = residual(model, values)
    exact = [Fraction(a) + Fraction(b) for a, b in zip(*values, strict=True)]
    for k, s in enumerate(model.pair_state):
        outcomes = range(model.outcome_start[k], model.outcome_start[k + 1])
        g = Fraction(model.reward[k]) + sum(
            Fraction(model.probability[i]) * (exact[model.next_state[i]] - exact[s])
            for i in outcomes
        )
        assert abs(Fraction(gained[k]) - g) <= Fraction(margin[k])


@given(st.floats(-1e9, 1e9), st.floats(-1e-9, 1e-9), st.floats(-1, 1))
def test_two_floats_hold_what_one_cannot(high: float, low: float, step: float) -> None:
    before = TwoFloats(np.array([high]), np.array([0.0])).plus(np.array([low]))
    after = before.plus(np.array([step]))
    rounded = Fraction(float(before.low[0] + step))

    assert Fraction(before.high[0]) + Fraction(before.low[0]) == Fraction(high) + Fraction(low)
    assert sum(map(Fraction, (after.high[0], after.low[0]))) == Fraction(before.high[0]) + rounded
    assert abs(after.low[0]) <= np.spacing(abs(after.high[0])) / 2
