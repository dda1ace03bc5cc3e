"""A known model beside the log's: its outcomes as rows, and the exact split of the variance."""

from __future__ import annotations

import numpy as np

from rlcalc.errors import shown
from rlcalc.estimators.log_model.variance_split import Randomness, VarianceSplit
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats
from rlcalc.policy import Policy
from rlcalc.result import Column, Fact, Result


def randomness_of(mdp: MDP, policy: Policy, start: Floats, gamma: float) -> Randomness:
    """Return what the variance of a model's gain is computed from: each outcome has one reward."""
    none = np.zeros(len(mdp.reward))
    return Randomness(mdp.expected, mdp.reward, none, policy.weight, start, gamma)


def exact_model(mdp: MDP, policy: Policy, gamma: float, split: VarianceSplit | None) -> Result:
    """Return the outcomes of a model, a row each, and the variance of the gain in parts.

    Args:
        mdp: the model.
        policy: whose gain it is.
        gamma: the discount factor a step.
        split: the parts of the variance; None: the model does not say where it starts.
    """
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
    facts: dict[str, Fact] = {"policy": policy.name, "gamma": gamma}
    notes = list(mdp.notes)
    if split is None:
        notes.append(
            "the variance of the gain is left out: the model does not say where it starts; add "
            "start: STATE to it"
        )
    else:
        assert mdp.start is not None
        columns["start_probability"] = Column(mdp.start[state], "bound")
        facts |= {**dict(split.facts()), "start_value": split.start_value}
    facts |= {"states": mdp.n_states, "pairs": mdp.n_pairs, "outcomes": len(mdp.reward)}
    title = f"The model under the policy {policy.name}"
    title += f": {shown(mdp.name)}" if mdp.name else ""
    return Result("model", title, columns, facts, notes)
