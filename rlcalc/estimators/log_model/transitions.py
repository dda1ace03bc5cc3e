"""Rows of the model: every outcome of every pair, with its probability and its reward."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.estimators.log_model.log_model import END_NAME, LogModel, Rows
from rlcalc.estimators.log_model.request import ModelRequest
from rlcalc.estimators.request import Tools
from rlcalc.estimators.transitions import END
from rlcalc.labels import Labels
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.result import Column

Names = NDArray[Any]


def rows_of(model: LogModel, request: ModelRequest, tools: Tools) -> Rows:
    """Return P̂ and r̂ of every outcome, a row each.

        P̂(s'|s,a) = n/N(s,a)        se = √(P̂(1 − P̂)/(N(s,a) − 1))        r̂(s,a,s') = Σ r / n

    The error is that of independent draws, which the next states are if the states are Markov.
    Where a pair was met once, or an outcome for its `reward_sd`, nothing is known of it.

    Returns:
        One row an outcome, in order of first appearance, with π̂(a|s) and the share of trajectories
        that start in s; `solve` and `simulate` read them as a model, in which a state that is only
        ever a next state is terminal.
    """
    rows = model.rows
    steps = model.outcomes.take(rows)
    counted, experience = model.counted.model, model.counted.passes.experience
    state, action, following = steps.codes
    probability, n = model.probability[rows], counted.count[model.pair[rows]]
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(probability * (1 - probability) / (n - 1))
        spread: Floats = np.sqrt(steps.squares / (steps.count - 1))
    names, next_names = state_names(experience.states, state, following)
    columns = {
        "state": Column(names, "key"),
        "action": Column(experience.actions.named(action), "key"),
        "next_state": Column(next_names, "key", "s'"),
        "n": Column(steps.count, "count"),
        "probability": Column(probability, symbol="P̂"),
        "se": Column(np.where(n > 1, error, np.nan), "error"),
        "reward": Column(steps.mean, symbol="r̂"),
        "reward_sd": Column(np.where(steps.count > 1, spread, np.nan), symbol="sd r"),
        "pi": Column(counted.policy[model.pair[rows]], "bound"),
        "start_probability": Column(counted.start[counted.number_of(state)], "bound"),
    }
    return Rows("The model that the log shows", columns)


def state_names(states: Labels, state: Ints, following: Ints) -> tuple[Names, Names]:
    """Return the names of states and of next states; as texts where an end has no state."""
    if not (following == END).any():
        return states.named(state), states.named(following)
    end = END_NAME
    while end in states:
        end += "_"
    texts = np.array([*states.texts, end], dtype=object)
    return texts[state], texts[following]  # END is −1, the last one
