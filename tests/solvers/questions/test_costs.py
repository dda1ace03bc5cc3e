"""Costs: by hand and by identity."""

from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from tests.solvers.models import mdp_of, models


@given(models(), st.sampled_from([0.0, 0.5, 0.9]))
def test_the_least_costs_are_the_opposite_of_the_largest_rewards(
    mdp: rlcalc.MDP, gamma: float
) -> None:
    from rlcalc.solvers.questions.costs import with_opposite_rewards

    least = rlcalc.solve(mdp, gamma=gamma, minimise=True)
    most = rlcalc.solve(with_opposite_rewards(mdp), gamma=gamma)

    for name in ("q", "v", "a"):
        assert (least[name] == -most[name]).all()
    assert (least["a"] >= -1e-9).all()
    assert least["pi"].tolist() == most["pi"].tolist()


def test_costs_of_a_total() -> None:
    """Two ways to the end cost 3 and 2."""
    mdp = mdp_of({(0, 0): [(1, 1.0, 3.0)], (0, 1): [(1, 1.0, 2.0)]}, 2)

    assert rlcalc.solve(mdp, gamma=1.0, minimise=True)["v"].tolist() == [2.0, 2.0]
    assert rlcalc.solve(mdp, horizon=1, minimise=True)["v"].tolist() == [2.0, 2.0]
