"""Average reward of a multichain model: a gain from each state, by end components.

g(s) = max_a Σ_s' P(s'|s,a) g(s'),   and where a attains this maximum,
g(s) + h(s) = max_a [ r(s,a) + Σ_s' P(s'|s,a) h(s') ]

In the end one stays in an end component, from each state of which the best gain of staying is the
same. To stay earns that gain once and for all, and to reach a component earns nothing: so the best
gain of the model is the largest total reward of its quotient by these components.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rlcalc.expected_mdp import UNIT_ROUNDOFF, ExpectedMDP
from rlcalc.graph.end_components import EndComponents, end_components
from rlcalc.graph.mec_quotient import MecQuotient, merge_components
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.fractions import fractions_of
from rlcalc.policy import Policy
from rlcalc.solvers.methods.average_reward import (
    Average,
    Exact,
    Groups,
    Improved,
    evaluate_as_needed,
    improve_as_needed,
    leading_to,
    rounding_of_change,
)
from rlcalc.solvers.methods.chain_evaluation import Evaluation, classes_of, evaluate
from rlcalc.solvers.problem import Iteration, Problem, ProvenValues, Trace
from rlcalc.solvers.proofs.macqueen import rounded_up

BestTotal = Callable[[Callable[[ExpectedMDP], ExpectedMDP], float], ProvenValues]
"""Function from how a model is made of the given one, in floats or in fractions, to the largest
total reward of that model, none of whose rewards is larger than the number."""
MOST_POLICIES = 100
"""Policies of the best gain among which one with a better bias is looked for."""


def solve(problem: Problem, best_total: BestTotal, exact: Exact | None = None) -> Average:
    """Return the largest gain from each state, and the bias of a policy that has it.

    Args:
        problem: as in `average_reward.solve`. The bound of its trace is finite only in the end.
        best_total: solves the quotient.
        exact: makes the model in fractions, where floats do not prove enough.

    Source: Puterman (1994), chapter 9; de Alfaro (1997), section 5.2 for end components.
    """
    model, sweeps = problem.model, Trace()
    components = end_components(model, np.ones(model.n_pairs, dtype=bool))
    inside = model.keep(components.stays)
    exact_inside = exact and (lambda: exact().keep(components.stays))
    outside = components.number < 0
    groups = Groups.of(
        inside,
        np.where(outside, components.count, components.number),
        components.count + bool(outside.any()),
    )
    improved = improve_as_needed(replace(problem, model=inside, trace=sweeps), groups, exact_inside)
    least, most = improved.least[: components.count], improved.most[: components.count]
    middle, half = (least + most) / 2, float((most - least).max(initial=0.0)) / 2
    middle = np.where(np.isfinite(middle), middle, 0.0)
    largest = float(np.abs(middle).max(initial=0.0))

    def quotient_of(whole: ExpectedMDP) -> MecQuotient:
        free = replace(
            whole, reward=whole.reward * 0, largest_reward=largest or 1.0, same_sign=True
        )
        stop = fractions_of(middle) if whole.exact else middle
        return merge_components(free, components, stop)

    proven = best_total(lambda whole: quotient_of(whole).model, largest)
    quotient = quotient_of(model)
    gain: Floats = quotient.spread(proven.value.astype(np.float64))
    bound = rounded_up(proven.bound + half + 4 * UNIT_ROUNDOFF * largest)
    bound += replace(model, largest_reward=0.0).rounding(gain, 1.0)  # of the gain of a pair
    q = proven.action_value.astype(np.float64)
    chosen = _staying_or_leaving(model, components, quotient, improved, q)
    chosen, policy = _best_bias(model, chosen, gain, problem.tol)
    if policy.bias_error > problem.tol:
        policy = evaluate_as_needed(model, exact, chosen, problem.tol)
    gap = float(np.abs(gain - policy.gain).max()) + policy.gain_error
    bias_bound = policy.bias_error + gap + 2 * rounding_of_change(model, policy.bias)
    weight = None
    if not problem.is_policy:
        weight = _shared(model, chosen, gain, policy, bound, problem.tol)
    iterations = improved.iterations + 1  # the quotient
    problem.trace.extend(row._replace(bound=np.inf) for row in sweeps)
    problem.trace.append(Iteration(iterations, 0.0, bound))
    return Average(gain, bound, policy.bias, rounded_up(bias_bound), chosen, iterations, weight)


def _staying_or_leaving(
    model: ExpectedMDP,
    components: EndComponents,
    quotient: MecQuotient,
    improved: Improved,
    q: Floats,
) -> Ints:
    """Return [S] the pairs of a policy that stays in a component, or leaves it, as is best.

    Args:
        model: the model.
        components: its end components.
        quotient: by these components.
        improved: the best policy of staying.
        q: [K of the quotient].
    """
    small = quotient.model
    tie = 4 * small.rounding(small.best(q), 1.0)
    best = small.greedy(q + tie * (quotient.pair < 0))
    taken = quotient.pair[best[best >= 0]]
    leaving = taken[taken >= 0]
    exits = np.zeros(model.n_states, dtype=bool)
    exits[model.pair_state[leaving]] = True
    left = np.unique(components.number[exits & (components.number >= 0)])
    goal = exits | ~np.isin(components.number, left)
    stays = np.flatnonzero(components.stays)
    within = leading_to(model.keep(components.stays), goal, improved.chosen)
    chosen = np.where(within >= 0, np.append(stays, -1)[within], -1)
    chosen[model.pair_state[leaving]] = leaving
    return chosen


def _best_bias(
    model: ExpectedMDP, chosen: Ints, gain: Floats, tol: float
) -> tuple[Ints, Evaluation]:
    """Return a policy of the best gain that no change of one action improves, and its evaluation.

    An action is changed only where the gain stays the same. A policy whose gain is not proven to
    be as large, up to `tol`, is not taken.
    """
    policy, inner = _evaluate(model, chosen), ~model.terminal
    for _ in range(MOST_POLICIES):
        allowed = _conserving_action_value(model, gain, policy.bias)
        gained = model.best(allowed)[inner] - allowed[chosen[inner]]
        better = np.flatnonzero(inner)[gained > 4 * rounding_of_change(model, policy.bias)]
        if not len(better):
            break
        changed = chosen.copy()
        changed[better] = model.greedy(allowed)[better]
        other = _evaluate(model, changed)
        if not _loss(other, gain) <= tol:
            break
        chosen, policy = changed, other
    return chosen, policy


def _conserving_action_value(model: ExpectedMDP, gain: Floats, bias: Floats) -> Floats:
    """Return [K] r − g + P h of the pairs after which the gain is the same, −∞ of the others."""
    after = pair_gain(model, gain)
    slack = 4 * replace(model, largest_reward=0.0).rounding(gain, 1.0)
    same = after >= gain[model.pair_state] - slack
    return np.where(same, model.action_value(bias, 1.0) - after, -np.inf)


def _shared(
    model: ExpectedMDP, chosen: Ints, gain: Floats, policy: Evaluation, bound: float, tol: float
) -> Floats:
    """Return [K] the policy that takes all best actions alike, if it has the best gain too."""
    allowed = _conserving_action_value(model, gain, policy.bias)
    tie = 2 * (bound + rounding_of_change(model, policy.bias))
    mixed = Policy.greedy(model, allowed, tie).weight
    chain = model.induced_by(mixed)
    if _loss(evaluate(chain, classes_of(chain)), gain) <= tol:
        return mixed
    return np.bincount(chosen[chosen >= 0], minlength=model.n_pairs).astype(np.float64)


def _evaluate(model: ExpectedMDP, chosen: Ints) -> Evaluation:
    chain = model.only(chosen)
    return evaluate(chain, classes_of(chain))


def _loss(policy: Evaluation, gain: Floats) -> float:
    """Return a bound on how much less than a gain a policy has; infinite if nothing is proven."""
    return float((gain - policy.gain).max()) + policy.gain_error


def pair_gain(model: ExpectedMDP, gain: Floats) -> Floats:
    """Return [K] Σ_s' P(s'|s,a) g(s'), the gain after each pair."""
    ahead, first = gain[model.next_state], model.outcome_start[:-1]
    least, most = np.minimum.reduceat(ahead, first), np.maximum.reduceat(ahead, first)
    return np.clip(model.expected_next(gain), least, most)
