"""A finite horizon: values by the number of steps to go, by backward induction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlcalc.expected_mdp import UNIT_ROUNDOFF, ExpectedMDP
from rlcalc.numerics.arrays import Floats


@dataclass(frozen=True)
class Layer:
    """Values with a number of steps to go."""

    action_value: Floats  # [K]
    value: Floats  # [S]
    bound: float  # rounding alone: |value − V| and |action_value − Q|


def solve(model: ExpectedMDP, weight: Floats | None, gamma: float, horizon: int) -> Iterator[Layer]:
    """Yield the values with 1, 2, ..., `horizon` steps to go.

        Q_n(s,a) = r(s,a) + γ Σ_s' P(s'|s,a) V_{n−1}(s'),   V_n(s) = max_a Q_n(s,a),   V_0 = 0

    Args:
        model: the model; terminal states earn nothing.
        weight: [K] a policy's, or None for the best; the policy is the same at each step.
        gamma: 0..1.
        horizon: N, at least 1.

    Source: Puterman (1994), section 4.5.
    """
    value, bound = np.zeros(model.n_states), 0.0
    of_mean = 0.0  # 2 n roundings in Σ_a π(a|s) Q(s,a), as π(·|s) is rounded too
    if weight is not None:
        of_mean = (2 * int(np.diff(model.pair_start).max(initial=0)) + 4) * UNIT_ROUNDOFF
    for _ in range(horizon):
        bound = gamma * bound + model.rounding(value, gamma)
        q = model.action_value(value, gamma)
        bound += of_mean * float(np.abs(q).max(initial=0.0))
        value = model.best(q) if weight is None else model.mean(q, weight)
        yield Layer(q, value, bound)
