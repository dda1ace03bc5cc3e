"""The exact surrogates Ĵ = E[Σ_t log π(a_t|s_t) Ψ_t] of a slope, of the forms that have one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from rlcalc.errors import InputError
from rlcalc.numerics.arrays import Floats
from rlcalc.policy_gradient.exact import exact
from rlcalc.policy_gradient.request import GradientRequest
from rlcalc.policy_gradient.setup import GradientSetup

ROUNDING = 1e-12
"""A sum below this part of its terms is what rounding leaves of 0."""


def surrogates(
    at: GradientSetup, question: GradientRequest, forms: Iterable[str]
) -> dict[str, float] | None:
    """Return the exact Ĵ of the forms that have one.

        q, advantage   Σ_s,a d_γ(s) π(a|s) log π(a|s) Ψ(s,a),  Ψ = Q or A
        gain           the same: Q is the mean of G_t, and A that of G_t − V(s_t)
        trajectory     E[L(τ) (G(τ) − b(s_1))],  L(τ) = Σ_t log π(a_t|s_t)

    A baseline that is made of the episodes, `mean` or `optimal`, has no Ĵ but theirs: then gain and
    trajectory are not among the answers. Nor is trajectory where some episodes never end: there L
    does not exist. Without the factor γ^t there is none at all.

    Args:
        at: the policy, and the model.
        question: the baseline, and whether there is a factor γ^t.
        forms: which are wanted.
    """
    if not question.discount_weight:
        return None
    wanted = at.exact
    advantage = wanted.action_value - wanted.value[at.mdp.expected.pair_state]
    known = {
        "q": _sum(wanted.surrogate, wanted.action_value),
        "advantage": _sum(wanted.surrogate, advantage),
    }
    asked, by_value = list(forms), question.baseline == "value"
    if by_value or question.baseline == "none":
        known["gain"] = known["advantage" if by_value else "q"]
        if "trajectory" in asked:
            known |= _of_trajectory(at, less_value=by_value)
    return {form: known[form] for form in asked if form in known}


def _of_trajectory(at: GradientSetup, *, less_value: bool) -> dict[str, float]:
    """Return Ĵ with Ψ = G(τ), or G(τ) − V(s_1), if episodes end.

        E[L G] = Σ_s,a d_γ(s) π(a|s) ( log π(a|s) Q(s,a) + Σ_s',r P(s',r|s,a) r U(s') )
        U(s)   = E[Σ_t log π(a_t|s_t) | s_1 = s], a value whose reward is log π and whose γ is 1

    The first part is what follows a word of log π, the second what it followed: with
    L = log π + L' and G = r + γ G', it is L G = log π G + r L' + γ L' G', and so on.
    """
    mdp, weight = at.mdp, at.play.policy.weight
    log_weight = np.log(weight, out=np.zeros(len(weight)), where=weight > 0)
    words = replace(mdp, reward=log_weight.repeat(np.diff(mdp.outcome_start)))
    try:
        said = exact(words, weight, at.start, 1.0).value
    except InputError:
        return {}
    pair = np.arange(mdp.n_pairs).repeat(np.diff(mdp.outcome_start))
    earned = mdp.probability * mdp.reward * said[mdp.next_state]
    follows = np.bincount(pair, earned, mdp.n_pairs)
    wanted, off = at.exact, at.start * less_value
    often = wanted.visits[mdp.expected.pair_state] * weight
    return {
        "trajectory": _sum(
            np.concatenate([wanted.surrogate, often, -off]),
            np.concatenate([wanted.action_value, follows, wanted.value * said]),
        )
    }


def _sum(weight: Floats, part: Floats) -> float:
    total = float(weight @ part)
    return 0.0 if abs(total) <= ROUNDING * float(np.abs(weight) @ np.abs(part)) else total
