"""A known model: its outcomes or its randomness as rows, and the exact split of the variance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlcalc.charts import Chart
from rlcalc.errors import UsageError, shown
from rlcalc.estimators.log_model.randomness import CERTAIN, entropy, plain_columns
from rlcalc.estimators.log_model.request import ModelRequest
from rlcalc.estimators.log_model.variance_split import Randomness, VarianceSplit
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats, segment_sums
from rlcalc.policy import Policy
from rlcalc.result import Column, Fact, Result


def randomness_of(mdp: MDP, policy: Policy, start: Floats, gamma: float) -> Randomness:
    """Return what the variance of a model's gain is computed from: each outcome has one reward."""
    none = np.zeros(len(mdp.reward))
    return Randomness(mdp.expected, mdp.reward, none, policy.weight, start, gamma)


def exact_model(
    mdp: MDP, request: ModelRequest, policy: Policy, gamma: float, split: VarianceSplit | None
) -> Result:
    """Return the outcomes of a model, or how random its pairs are, and the variance in parts.

    Args:
        mdp: the model.
        request: the rows.
        policy: whose gain it is.
        gamma: the discount factor a step.
        split: the parts of the variance; None: the model does not say where it starts.

    Raises:
        UsageError: rows that only a log has.
    """
    if request.rows == "randomness":
        columns, title = _randomness(mdp), "How random the model is"
    elif request.rows == "transitions":
        columns, title = _outcomes(mdp, policy), "The model"
    else:
        raise UsageError(
            f"--rows {request.rows} tests a log; in a model what follows depends on nothing else",
            fix="leave it out, or name a log",
        )
    facts: dict[str, Fact] = {"policy": policy.name, "gamma": gamma}
    notes = list(mdp.notes)
    if split is None:
        notes.append(
            "the variance of the gain is left out: the model does not say where it starts; add "
            "start: STATE to it"
        )
    else:
        facts |= {**dict(split.facts()), "start_value": split.start_value}
    facts |= {"states": mdp.n_states, "pairs": mdp.n_pairs, "outcomes": len(mdp.reward)}
    title += f", policy {policy.name}{': ' + shown(mdp.name) if mdp.name else ''}"

    def charts() -> Sequence[Chart]:
        from rlcalc.estimators.log_model.charts import entropy_charts, variance_charts

        if request.rows == "randomness":
            return entropy_charts(plain_columns(columns), title)
        return variance_charts(facts, "The variance of the gain")

    return Result("model", title, columns, facts, notes, charts=charts)


def _outcomes(mdp: MDP, policy: Policy) -> dict[str, Column]:
    pair = np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))
    state = mdp.expected.pair_state[pair]
    columns = {
        "state": Column(mdp.states.named(state), "key"),
        "action": Column(mdp.actions.named(mdp.action[pair]), "key"),
        "next_state": Column(mdp.states.named(mdp.next_state), "key", "s'"),
        "probability": Column(mdp.probability, symbol="P"),
        "reward": Column(mdp.reward, symbol="r"),
        "pi": Column(policy.weight[pair], "bound"),
    }
    if mdp.start is not None:
        columns["start_probability"] = Column(mdp.start[state], "bound")
    return columns


def _randomness(mdp: MDP) -> dict[str, Column]:
    """Return the entropy of each pair's next state, and the deviation of r once s' is known."""
    pair = np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))
    key, place = np.unique(pair * mdp.n_states + mdp.next_state, return_inverse=True)
    n, of_pair = len(key), key // mdp.n_states
    start = np.searchsorted(of_pair, np.arange(mdp.n_pairs + 1))
    chance = np.bincount(place, mdp.probability, n)
    mean = np.bincount(place, mdp.probability * mdp.reward, n) / chance
    apart = mdp.probability * (mdp.reward - mean[place]) ** 2
    low, high = (np.full(n, limit) for limit in (np.inf, -np.inf))
    np.minimum.at(low, place, mdp.reward)
    np.maximum.at(high, place, mdp.reward)
    spread = np.where(low < high, np.bincount(place, apart, n), 0.0)
    outcomes, squares = np.diff(start), segment_sums(spread, start)
    return {
        "state": Column(mdp.states.named(mdp.expected.pair_state), "key"),
        "action": Column(mdp.actions.named(mdp.action), "key"),
        "outcomes": Column(outcomes, "count"),
        "entropy": Column(entropy(np.minimum(chance, 1.0), start), symbol="H, bits"),
        "reward_sd": Column(np.sqrt(squares), symbol="sd r"),
        "certain": Column([CERTAIN[int(k)] for k in (outcomes > 1) | (squares > 0)], "text"),
    }
