"""Elimination without subtraction: values of a policy, right in each entry however long it is."""

from __future__ import annotations

import numpy as np

from rlcalc.expected_mdp import UNIT_ROUNDOFF, ExpectedMDP
from rlcalc.numerics.arrays import Floats
from rlcalc.solvers.methods import linear
from rlcalc.solvers.proofs.macqueen import rounded_up


def value_by_elimination(chain: ExpectedMDP) -> tuple[Floats, float]:
    """Return the total reward of a policy, and a bound on its error.

    The bound is infinite where the policy does not end, or has too many states for this proof.

    (I − P)⁻¹ has no entry below 0. Its product with the parts r⁺ and r⁻ of the rewards is computed
    from the chances of leaving a state, which are sums and no differences: a relative change δ of
    these and of the probabilities changes each entry by at most (2S − 1) δ, whatever the condition,
    and each of S eliminations makes δ ≤ (S + 4) u, as do the last substitutions.

        |v̂ − V| ≤ (2S + 2)(S + n + 6) S u (v̂⁺ + v̂⁻) to first order; twice that covers the rest

    Where rewards of both signs make up one r(s,a), that is off by (n + 2) u max|r|, once a step.

    Args:
        chain: of a policy that ends; n is the largest number of outcomes of a pair.

    Source: O'Cinneide (1996); Alfa, Xue & Ye (2002), theorem 2.1 for the perturbation.
    """
    if chain.n_states > linear.DENSE:
        return np.zeros(chain.n_states), np.inf
    up, down = np.maximum(chain.reward, 0.0), np.maximum(-chain.reward, 0.0)
    parts = linear.gth_elimination(chain, 1.0, np.stack([up, down], axis=1))
    if not np.isfinite(parts).all():
        return parts[:, 0] - parts[:, 1], np.inf
    n = int((~chain.terminal).sum())
    relative = 2 * (2 * n + 2) * (n + chain.most_outcomes + 6) * n * UNIT_ROUNDOFF
    if relative >= 1 / 4:
        return parts[:, 0] - parts[:, 1], np.inf
    error = relative * float(parts.sum(axis=1).max(initial=0.0))
    if not chain.same_sign:
        steps = linear.gth_elimination(chain, 1.0, np.ones((chain.n_pairs, 1)))
        each = (chain.most_outcomes + 2) * UNIT_ROUNDOFF * chain.largest_reward
        error += 2 * each * float(steps.max(initial=0.0))
    return parts[:, 0] - parts[:, 1], rounded_up(error)
