"""The checks of a request to simulate."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rlcalc.errors import InputError, UsageError
from rlcalc.simulation.request import PlayRequest
from tests.simulation.plays import played
from tests.solvers.models import mdp_of


@pytest.mark.parametrize("steps", [0, 2**31, 10**30])
def test_steps_that_cannot_be_counted_are_refused(steps: int) -> None:
    world = replace(mdp_of({(0, 0): [(1, 1.0, 1.0)]}, 2), start=np.array([1.0, 0]))
    with pytest.raises(UsageError, match="max_steps"):
        played(world, 3, steps)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"episodes": 0}, "episodes is 0"),
        ({"group": 0}, "group is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**63}, "2\\^63"),
        ({"gamma": 1.5}, "gamma is 1.5"),
        ({"gamma": float("nan")}, "gamma is nan"),
    ],
)
def test_numbers_out_of_range_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((UsageError, InputError), match=message):
        PlayRequest(**{"episodes": 5, **changes}).checked(None)


def test_gamma_is_the_requests_then_the_worlds_then_1() -> None:
    gammas = [
        PlayRequest(5, gamma=own).checked(of_world).gamma
        for own, of_world in ((0.5, 0.9), (None, 0.9), (None, None), (0.0, 0.9))
    ]

    assert gammas == [0.5, 0.9, 1.0, 0.0]


def test_a_group_is_no_larger_than_all_episodes() -> None:
    assert PlayRequest(5, group=8).checked(None).group == 5
