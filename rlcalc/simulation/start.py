"""The distribution of the first state of an episode."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlcalc.errors import InputError, shown
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats
from rlcalc.readers.models.names import codes_of


def start_distribution(mdp: MDP, start: Any) -> Floats:
    """Return [S] the distribution of the first state.

    Args:
        mdp: the model.
        start: the name of a state, or `uniform` over the states with actions; None: the model's.

    Raises:
        InputError: there is no such state, or the model has no start.
    """
    if start is None:
        if mdp.start is None:
            raise InputError(
                "the model does not define a start state",
                shown(mdp.name),
                "give --start STATE or --start uniform, or add start: STATE to the model",
            )
        return mdp.start
    if start == "uniform" and start not in mdp.states:
        uniform: Floats = (~mdp.expected.terminal).astype(np.float64)
        uniform /= uniform.sum()
        return uniform
    certain = np.zeros(mdp.n_states)
    certain[codes_of([str(start)], mdp.states, "--start")] = 1.0
    return certain
