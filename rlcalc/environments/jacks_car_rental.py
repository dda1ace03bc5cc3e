"""Jack's car rental: two places, at most 20 cars at each.

A state `n+m` is the evening: n cars at the first place, m at the second. The action is the number
of cars driven overnight from the first to the second (negative: back), at most 5, for 2 a car. By
day a car rented earns 10; one that is returned can be rented the day after. Requests and returns
are Poisson, with means 3 and 3 at the first place, 4 and 2 at the second. Cars beyond 20 are lost,
by night and by day. gamma is 0.9, and it begins with 10 cars at each.

The reward is the expected one of its state and action (rent less driving), the same in each of
their 441 rows: right for values, while a simulation of it has no luck in the day's rent.

Known answer, the best policy:
    V(0+0) = 421.4140633965      V(10+10) = 574.9483239852      V(20+20) = 636.9896068044
    It drives up to 5 cars from the first place to the second, and at most 4 back:
    5 in 20+0, 4 in 10+0, 0 in 10+10 and in 20+20, -4 in 0+20. Policy iteration that starts with no
    driving needs four improvements, as in figure 4.2, and ends with the policy drawn there.
Known answer, the uniform policy:
    V(0+0) = 376.0682768108      V(10+10) = 510.8464166426      V(20+20) = 559.3540350203

Source: Sutton & Barto (2018), example 4.2 and figure 4.2.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from rlcalc.documents import Discount, World
from rlcalc.labels import Labels
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats

CAPACITY, FURTHEST = 20, 5  # cars at a place; cars driven in a night
GAMMA = 0.9  # a day
RENT, DRIVE = 10.0, 2.0  # earned, paid: for each car
FIRST = {"requests": 3.0, "returns": 3.0}  # cars a day, on average
SECOND = {"requests": 4.0, "returns": 2.0}


def censored_poisson(limit: int, mean: float) -> Floats:
    """Return [limit + 1] P(min(X, limit) = k) of a Poisson X: k = limit holds the tail."""
    chance = np.array([math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(80)])
    return np.append(chance[:limit], chance[limit:].sum())


def rental_day(requests: float, returns: float) -> tuple[Floats, Floats]:
    """Return [morning, evening] P(evening's cars | morning's cars), and [morning] cars rented."""
    evening = np.zeros((CAPACITY + 1, CAPACITY + 1))
    rented = np.zeros(CAPACITY + 1)
    for cars in range(CAPACITY + 1):
        for out, chance in enumerate(censored_poisson(cars, requests)):
            left = cars - out
            evening[cars, left:] += chance * censored_poisson(CAPACITY - left, returns)
            rented[cars] += chance * out
    return evening, rented


class Parameters(World):
    """The parameters of the rental: only its name and gamma."""

    environment: str = "jacks-car-rental"
    gamma: Annotated[Discount, Field(description="discount factor a day")] = GAMMA


def build(parameters: Parameters) -> MDP:
    """Return the rental as a model.

        P(n', m' | n, m, c) = P_1(n' | min(n − c, 20)) P_2(m' | min(m + c, 20))
        r(n, m, c)          = 10 E[cars rented] − 2 |c|

    Args:
        parameters: its name and gamma.

    Source: Sutton & Barto (2018), example 4.2.
    """
    evening_1, rented_1 = rental_day(**FIRST)
    evening_2, rented_2 = rental_day(**SECOND)
    cars = range(CAPACITY + 1)
    pairs = [
        (n, m, driven)
        for n in cars
        for m in cars
        for driven in range(-min(m, FURTHEST), min(n, FURTHEST) + 1)
    ]
    n, m, driven = np.array(pairs).T
    morning_1 = np.minimum(n - driven, CAPACITY)
    morning_2 = np.minimum(m + driven, CAPACITY)
    reward = RENT * (rented_1[morning_1] + rented_2[morning_2]) - DRIVE * abs(driven)
    probability = evening_1[morning_1][:, :, None] * evening_2[morning_2][:, None, :]
    states = Labels([f"{i}+{j}" for i in cars for j in cars], textual=True)
    mdp = MDP.from_rows(
        (n * len(cars) + m).repeat(len(states)),
        (driven + FURTHEST).repeat(len(states)),
        np.tile(np.arange(len(states)), len(pairs)),
        probability.ravel(),
        reward.repeat(len(states)),
        states,
        Labels(map(str, range(-FURTHEST, FURTHEST + 1))),
    )
    start = np.zeros(len(states))
    start[states.code("10+10")] = 1.0
    gamma = GAMMA if parameters.gamma is None else parameters.gamma
    first, second = np.divmod(np.arange(len(states)), len(cars))
    cells = np.stack([CAPACITY - first, second], axis=1)  # as in figure 4.2
    name = parameters.name or "Jack's car rental"
    return replace(mdp, gamma=gamma, start=start, name=name, cells=cells)
