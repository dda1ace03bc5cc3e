"""The options of solve: which fit together, and what is settled from them."""

from typing import Any

import pytest

from rlcalc.errors import InputError, UsageError
from rlcalc.mdp import MDP
from rlcalc.solvers.request import SolveRequest, checked_gamma
from tests.solvers.models import mdp_of


def one_state(reward: float = 1.0) -> MDP:
    return mdp_of({(0, 0): [(0, 1.0, reward)]}, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bellman": "vv", "method": "linear"}, "--method is linear"),
        ({"horizon": 3, "criterion": "average"}, "--horizon and --criterion average cannot"),
        ({"criterion": "average", "gamma": 0.9}, "--criterion average and --gamma cannot"),
        ({"horizon": 3, "max_iterations": 7}, "--horizon and --max-iterations cannot"),
        ({"trace": True, "states": [0]}, "--trace shows iterations"),
        ({"tol": 0.0}, "--tol is 0, expected a number above 0"),
        ({"tol": float("nan")}, "--tol is nan"),
        ({"horizon": 0}, "--horizon is 0"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        checked_gamma(one_state(), SolveRequest(**options))


def test_a_misspelt_method_has_the_nearest_one() -> None:
    with pytest.raises(UsageError) as raised:
        checked_gamma(one_state(), SolveRequest(method="lineer"))

    assert raised.value.faults[0].fix.startswith("did you mean linear? use one of auto, ")


@pytest.mark.parametrize("gamma", [-0.1, 1.1, float("nan")])
def test_what_is_no_discount_factor_is_refused(gamma: float) -> None:
    with pytest.raises(InputError, match=r"expected 0\.\.1"):
        checked_gamma(one_state(), SolveRequest(gamma=gamma))


def test_without_gamma_nothing_is_discounted() -> None:
    assert checked_gamma(one_state(), SolveRequest()) == 1
