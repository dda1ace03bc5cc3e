"""The report: rows of some states, and rows by steps to go."""

import numpy as np
import pytest

from rlcalc.errors import InputError
from rlcalc.solvers import report
from rlcalc.solvers.methods import finite_horizon
from rlcalc.solvers.request import SolveRequest
from rlcalc.solvers.setup import SolveSetup
from tests.solvers.models import mdp_of

CHOICE = mdp_of({(0, 0): [(0, 1.0, 1.0)], (0, 1): [(0, 1.0, 2.0)]}, 1)
"""One state; staying earns 1 or 2."""


def test_rows_are_the_pairs_of_the_states_in_the_order_of_the_model() -> None:
    mdp = mdp_of({(s, a): [(s, 1.0, 0.0)] for s in range(3) for a in range(2)}, 3)

    assert np.asarray(report.pair_rows(mdp, [2, 0])).tolist() == [0, 1, 4, 5]


def test_the_most_steps_to_go_come_first() -> None:
    """Without discount V is 2, then 4: Q with two steps to go is 1 + 2 and 2 + 2."""
    setup = SolveSetup(CHOICE, SolveRequest(horizon=2), 1.0)
    result = report.by_steps_to_go(setup, finite_horizon.solve(CHOICE.expected, None, 1.0, 2))

    assert result["steps_to_go"].tolist() == [2, 2, 1, 1]
    assert result["q"].tolist() == [3, 4, 1, 2]
    assert result["a"].tolist() == [-1, 0, -1, 0]
    assert result["pi"].tolist() == [0, 1, 0, 1]


def test_a_horizon_is_refused_by_the_rows_that_it_makes() -> None:
    report.refuse_too_many_rows(CHOICE, None, report.MOST_ROWS // 2)
    with pytest.raises(InputError, match="67,108,866 rows") as raised:
        report.refuse_too_many_rows(CHOICE, None, report.MOST_ROWS // 2 + 1)

    assert "--states" in raised.value.faults[0].fix
