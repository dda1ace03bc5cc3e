"""Named policies: the one place where the name of a policy becomes a Policy."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.errors import InputError, ShapeError, shown
from rlcalc.mdp import MDP, SUM_TOLERANCE
from rlcalc.policies import decoding
from rlcalc.policy import Policy
from rlcalc.readers.models.policies import named_policy

if TYPE_CHECKING:
    from rlcalc.mdp import MDP
    from rlcalc.policy import Policy


def policy_to_solve(asked: Any, mdp: MDP, gamma: float | None) -> str | Policy:
    """Return a policy by its name, or from its file, or what a decoder makes of another one.

    Args:
        asked: as in `rlcalc solve`; also with `temperature:τ`, `top-k:K` and `top-p:P`.
        mdp: the model.
        gamma: the discount factor; None is what the model says, else 1.

    Raises:
        InputError: there is none, or it is not one of this model.
    """
    from rlcalc.policies import decoding

    if isinstance(asked, str) and decoding.parse(asked)[1]:
        known = mdp.gamma if gamma is None else gamma
        return policy_asked(asked, mdp, 1.0 if known is None else known)
    return named_policy(asked, mdp)


def policy_asked(asked: Any, mdp: MDP, gamma: float) -> Policy:
    """Return a policy by its name, or from its file.

    `temperature:τ`, `top-p:P` and `top-k:K` change the policy before the comma; if there is none,
    the model's own, or else softmax:1.0.

    Args:
        asked: its name; None is the model's own policy, or else the uniform one.
        mdp: the model.
        gamma: the discount factor, for policies that hang on what is best.

    Raises:
        InputError: there is none, or it is not one of this model.
    """
    if isinstance(asked, Policy):
        _require_shares(asked, mdp)
        return asked
    own = "spec" if mdp.policy is not None else None
    if asked is None:
        return by_name(own or "uniform", mdp, gamma)
    base, steps = decoding.parse(os.fspath(asked))
    if not steps:
        return by_name(base, mdp, gamma)
    policy = by_name(base or own or "softmax:1.0", mdp, gamma)
    return decoding.decoded(mdp.expected, policy, steps)


def _require_shares(policy: Policy, mdp: MDP) -> None:
    """Refuse a policy that was made by hand, and is none of this model."""
    if len(policy.weight) != mdp.n_pairs:
        raise ShapeError(
            f"the policy {shown(policy.name)} has {len(policy.weight):,} weights, expected "
            f"{mdp.n_pairs:,}",
            fix="give one a state-action pair",
        )
    total = mdp.expected.mean(policy.weight, np.ones(mdp.n_pairs))[~mdp.expected.terminal]
    if not ((policy.weight >= 0).all() and (np.abs(total - 1) <= SUM_TOLERANCE).all()):
        raise InputError(
            f"the weights of the policy {shown(policy.name)} are no probabilities",
            fix="make those of each state sum to 1",
        )


def by_name(name: str, mdp: MDP, gamma: float) -> Policy:
    """Return a policy that `rlcalc.solve` knows, or that stands in a file."""
    named = named_policy(name, mdp)
    if isinstance(named, Policy):
        return named
    if named == "uniform":
        return Policy.uniform(mdp.expected)
    from rlcalc.solvers import solve
    from rlcalc.solvers.policies import policy_to_evaluate
    from rlcalc.solvers.request import SolveRequest

    question = SolveRequest(policy=named, gamma=gamma)
    if named == "spec":
        policy = policy_to_evaluate(mdp, question, gamma)
        assert policy is not None
        return policy
    answer = solve.solve(mdp, question)
    return Policy(np.asarray(answer["pi"]), named)
