"""Elimination without subtraction: its bound holds however long a policy takes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.mdp import MDP
from rlcalc.solvers.methods import linear
from rlcalc.solvers.proofs.entrywise import value_by_elimination
from tests.solvers.models import two_ladders


def test_the_elimination_on_paper() -> None:
    """One comes back half of the time for −1 and ends for 3: V = (−1 + 3) / 2 · 2 = 2."""
    mdp = MDP.from_rows([0, 0], [0, 0], [0, 1], [0.5, 0.5], [-1.0, 3.0])
    value, bound = value_by_elimination(mdp.expected)

    assert abs(value[0] - 2) <= bound <= 1e-12


@pytest.mark.parametrize("n", [20, 100, 300])
@pytest.mark.parametrize("left", [0.7, 0.25])
def test_ladders_that_take_longer_than_floats_tell_apart(n: int, left: float) -> None:
    result = rlcalc.solve(two_ladders(n, left), gamma=1.0)

    assert abs(result["v"][0] - left) <= result.facts["bound"] <= 1e-6


def exact_value(chain: ExpectedMDP) -> list[Fraction]:
    """V of a chain by Gaussian elimination in fractions, its chances as floats hold them."""
    n = chain.n_states
    rows = [[Fraction(int(i == j)) for j in range(n)] + [Fraction(0)] for i in range(n)]
    for k, s in enumerate(chain.pair_state.tolist()):
        chances = range(chain.outcome_start[k], chain.outcome_start[k + 1])
        total = sum(Fraction(chain.probability[i]) for i in chances)
        for i in chances:
            rows[s][chain.next_state[i]] -= Fraction(chain.probability[i]) / total
        rows[s][n] = Fraction(chain.reward[k])
    for s in np.flatnonzero(chain.terminal).tolist():
        rows[s] = [Fraction(int(s == j)) for j in range(n)] + [Fraction(0)]
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [x / rows[k][k] for x in rows[k]]
        for i in range(n):
            if i != k and rows[i][k]:
                rows[i] = [x - rows[i][k] * y for x, y in zip(rows[i], rows[k], strict=True)]
    return [row[n] for row in rows]


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 7),
    rare=st.sampled_from([1.0, 1e-3, 1e-9, 1e-15]),
    signs=st.booleans(),
)
def test_the_bound_of_the_elimination_holds(seed: int, n: int, rare: float, signs: bool) -> None:
    """Chains that end with a chance of 1e-15 a step, whose system no float method solves."""
    random = np.random.default_rng(seed)
    chances = random.dirichlet(np.ones(n), n)
    leaves = rare * random.uniform(0.1, 1.0, n)
    p = np.column_stack([chances * (1 - leaves[:, None]), leaves])
    p /= p.sum(axis=1, keepdims=True)
    state, after = np.divmod(np.arange(n * (n + 1)), n + 1)
    reward = random.normal(size=n * (n + 1)) if signs else np.abs(random.normal(size=n * (n + 1)))
    mdp = MDP.from_rows(state, 0 * state, after, p.reshape(-1), reward)
    value, bound = value_by_elimination(mdp.expected)
    exact = exact_value(mdp.expected)

    worst = max(abs(Fraction(v) - e) for v, e in zip(value.tolist(), exact, strict=True))
    assert worst <= Fraction(bound)
    if not signs:
        assert bound <= 1e-9 * max(map(float, exact))


def test_a_policy_that_never_ends_and_a_large_one_have_no_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    endless = MDP.from_rows([0, 1], [0, 0], [0, 2], [1.0, 1.0], [1.0, 1.0])
    assert value_by_elimination(endless.expected)[1] == np.inf
    monkeypatch.setattr(linear, "DENSE", 1)
    assert value_by_elimination(two_ladders(2).expected)[1] == np.inf
