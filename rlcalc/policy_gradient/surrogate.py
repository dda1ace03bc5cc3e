"""The exact surrogates Ĵ = E[Σ_t log π(a_t|s_t) Ψ_t] of the forms of the policy gradient."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from rlcalc.errors import InputError
from rlcalc.numerics.arrays import Floats
from rlcalc.policy_gradient.exact import exact_gradient
from rlcalc.policy_gradient.request import GradientRequest
from rlcalc.policy_gradient.setup import GradientSetup

ROUNDING = 1e-12
"""A sum below this part of its terms is 0 but for rounding."""


def surrogates(
    setup: GradientSetup, request: GradientRequest, forms: Collection[str]
) -> dict[str, float] | None:
    """Return the exact Ĵ of the forms that have one.

        q, advantage   Σ_s,a d_γ(s) π(a|s) log π(a|s) Ψ(s,a),  Ψ = Q or A
        gain           the same: Q is the mean of G_t, and A that of G_t − V(s_t)
        trajectory     E[L(τ) (G(τ) − b(s_1))],  L(τ) = Σ_t log π(a_t|s_t)

    A baseline that is computed from the episodes, `mean` or `optimal`, has no exact Ĵ: then gain
    and trajectory are not among the answers. Nor is trajectory where some episodes never end:
    there L does not exist. Without the factor γ^t there are no columns.

    Args:
        setup: the policy, and the model.
        request: the baseline, and whether there is a factor γ^t.
        forms: the forms of the answer.
    """
    if not request.discount_weight:
        return None
    known, by_value = setup.exact, request.baseline == "value"
    surrogate = {
        "q": _sum(known.surrogate, known.action_value),
        "advantage": _sum(known.surrogate, known.advantage),
    }
    if by_value or request.baseline == "none":
        surrogate["gain"] = surrogate["advantage" if by_value else "q"]
        if "trajectory" in forms:
            surrogate |= _of_trajectory(setup, less_value=by_value)
    return {form: surrogate[form] for form in forms if form in surrogate}


def _of_trajectory(setup: GradientSetup, *, less_value: bool) -> dict[str, float]:
    """Return Ĵ with Ψ = G(τ), or G(τ) − V(s_1), if episodes end.

        E[L G] = Σ_s,a d_γ(s) π(a|s) ( log π(a|s) Q(s,a) + Σ_s',r P(s',r|s,a) r U(s') )
        U(s)   = E[Σ_t log π(a_t|s_t) | s_1 = s], a value whose reward is log π and whose γ is 1

    The first part has the rewards after a term of log π, the second those before it: with
    L = log π + L' and G = r + γ G', it is L G = log π G + r L' + γ L' G', and so on.
    """
    mdp, weight = setup.mdp, setup.play.policy.weight
    log_weight = np.log(weight, out=np.zeros(len(weight)), where=weight > 0)
    log_weight_mdp = replace(mdp, reward=log_weight.repeat(np.diff(mdp.outcome_start)))
    try:
        log_weight_value = exact_gradient(log_weight_mdp, weight, setup.start, 1.0).value
    except InputError:
        return {}
    pair = np.arange(mdp.n_pairs).repeat(np.diff(mdp.outcome_start))
    weighted_reward = mdp.probability * mdp.reward * log_weight_value[mdp.next_state]
    reward_times_log = np.bincount(pair, weighted_reward, mdp.n_pairs)
    known, value_weight = setup.exact, -setup.start * less_value
    weights = [known.surrogate, known.pair_visits, value_weight]
    parts = [known.action_value, reward_times_log, known.value * log_weight_value]
    return {"trajectory": _sum(np.concatenate(weights), np.concatenate(parts))}


def _sum(weight: Floats, part: Floats) -> float:
    total = float(weight @ part)
    return 0.0 if abs(total) <= ROUNDING * float(np.abs(weight) @ np.abs(part)) else total
