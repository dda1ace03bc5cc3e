"""Average reward: the gain g of a unichain model, and its bias, the reward of a state beyond it.

g + h(s) = max_a [ r(s,a) + Σ_s' P(s'|s,a) h(s') ]

The same sweeps and improvements find the gain of many groups of states at once, each with its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rlcalc.expected_mdp import UNIT_ROUNDOFF, ExpectedMDP
from rlcalc.graph.reachability import distances
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.solvers.methods.chain_evaluation import (
    Classes,
    Evaluation,
    classes_of,
    evaluate,
    returns_to_centres,
)
from rlcalc.solvers.problem import Iteration, Problem
from rlcalc.solvers.proofs.macqueen import rounded_up

Exact = Callable[[], ExpectedMDP]
"""Function that makes a model in fractions."""
DAMPING = 0.5
"""Chance of staying that breaks periods: sweeps of h ← (h + Th)/2 settle where those of T cycle."""
SWEEPS = 200
MOST_EXACT = 20
"""Policies that are improved in fractions."""


@dataclass(frozen=True)
class Average:
    """The gain with its bound, |gain − g| ≤ bound, and the bias whose long-run mean is 0."""

    gain: Floats  # [S]
    bound: float
    bias: Floats  # [S]
    bias_bound: float
    chosen: Ints  # [S] the pairs of a best policy
    iterations: int
    weight: Floats | None = None  # [K] π(a|s) of a best policy where the best Q does not show it


def solve(problem: Problem, exact: Exact | None = None) -> Average | None:
    """Return the largest gain, between bounds that hold for any h, and the bias.

        min(Th − h)  ≤  g  ≤  max(Th − h)

    None if the best policy has several classes: then the gain may depend on the state.

    Args:
        problem: sweeps stop when the bound on the gain is `tol`; its gamma and value are not used.
            The trace gets how far h moved up to a constant, and the gain's bound.
        exact: makes the model in fractions, where floats do not prove enough.

    Source: Puterman (1994), sections 8.5 and 8.6; Odoni (1969) for the bounds.
    """
    model = problem.model
    groups = Groups.of(model, np.zeros(model.n_states, dtype=np.int64), 1)
    improved = improve_as_needed(problem, groups, exact)
    least, most = float(improved.least[0]), float(improved.most[0])
    if most == np.inf:
        return None
    gain, bound = (least + most) / 2, (most - least) / 2
    chosen, inner = improved.chosen, ~model.terminal
    policy = evaluate_as_needed(model, exact, chosen, problem.tol)
    q = model.action_value(policy.bias, 1.0)
    gained = model.best(q)[inner] - q[chosen[inner]]
    backed = float(gained.max(initial=0.0)) + abs(gain - float(policy.gain[0]))  # v is Th − g
    bias_bound = rounded_up(policy.bias_error + backed + 2 * rounding_of_change(model, policy.bias))
    gains = np.full(model.n_states, gain)
    return Average(gains, bound, policy.bias, bias_bound, chosen, improved.iterations)


def evaluate_as_needed(
    model: ExpectedMDP, exact: Exact | None, chosen: Ints, tol: float
) -> Evaluation:
    """Return the gain and the bias of a policy, in fractions where floats do not prove enough."""
    chain = model.only(chosen)
    classes = classes_of(chain)
    policy = evaluate(chain, classes)
    if exact is None or policy.bias_error <= tol:
        return policy
    other = evaluate(exact().only(chosen), classes)
    return other if other.bias_error < policy.bias_error else policy


@dataclass(frozen=True)
class Groups:
    """Sets of states such that from each state of a set the best gain is the same."""

    number: Ints  # [S] the group of each state
    count: int
    order: Ints  # [S] the states, group by group; in each the terminal states come first
    start: Ints  # [count] where a group begins in `order`
    ends: Flags  # [count] whether a group has a terminal state

    @classmethod
    def of(cls, model: ExpectedMDP, number: Ints, count: int) -> Groups:
        """Return the groups with these numbers, each of which some state has."""
        order = np.lexsort([~model.terminal, number])
        start = np.searchsorted(number[order], np.arange(count))
        return cls(number, count, order, start, model.terminal[order[start]])

    def least(self, value: Floats) -> Floats:
        """Return [count] the smallest value of each group."""
        smallest: Floats = np.minimum.reduceat(value[self.order], self.start)
        return smallest

    def most(self, value: Floats) -> Floats:
        """Return [count] the largest value of each group."""
        return -self.least(-value)

    def first(self, value: Floats) -> Floats:
        """Return [S] the value of the first state of each state's group."""
        return value[self.order[self.start]][self.number]

    def number_of_classes(self, classes: Classes) -> Ints:
        """Return [count] how many classes a chain has in each group; terminal states are one."""
        return self.ends + np.bincount(self.number[classes.centre], minlength=self.count)


@dataclass(frozen=True)
class Improved:
    """Bounds on the best gain of each group, and the policy that was found."""

    least: Floats  # [count]
    most: Floats  # [count]
    chosen: Ints  # [S]
    iterations: int

    @property
    def half(self) -> float:
        """The largest distance of the middle of the bounds from a gain."""
        return float((self.most - self.least).max(initial=0.0)) / 2


def improve_as_needed(problem: Problem, groups: Groups, exact: Exact | None) -> Improved:
    """Return the same as `improve`, in fractions where floats do not prove enough."""
    improved = improve(problem, groups)
    is_enough = improved.half <= problem.tol or improved.half == np.inf
    if exact is None or is_enough or problem.max_iterations <= SWEEPS:
        return improved
    again = replace(problem, model=exact(), max_iterations=MOST_EXACT, trace=[])
    other = improve(again, groups, improved.chosen)
    if not other.half < improved.half:
        return improved
    iterations = improved.iterations + 1  # in fractions
    problem.trace.append(Iteration(iterations, 0.0, other.half))
    return replace(other, iterations=iterations)


def improve(problem: Problem, groups: Groups, begin: Ints | None = None) -> Improved:
    """Return bounds on the best gain of each group of states.

    Sweeps approximate h; then its greedy policy is improved with exact evaluation. The bounds are
    infinite if the policy has several classes in a group.

    Args:
        problem: as in `solve`; its model may be in fractions.
        groups: each with one best gain.
        begin: [S] a policy to improve without sweeps.
    """
    model, max_iterations, trace = problem.model, problem.max_iterations, problem.trace
    h, sweeps = np.zeros(model.n_states, dtype=model.reward.dtype), 0
    for sweeps in range(1, min(SWEEPS, max_iterations) + 1 if begin is None else 1):
        change = model.best(model.action_value(h, 1.0)) - h
        least, most = _gain_bounds(model, groups, h, change)
        h = h + DAMPING * change
        h -= groups.first(h)
        half_span = _half_span(groups, change)
        trace.append(Iteration(sweeps, DAMPING * half_span, float((most - least).max()) / 2))
        if half_span <= problem.tol / 2:
            break
    chosen = model.greedy(model.action_value(h, 1.0)) if begin is None else begin.copy()
    inner = ~model.terminal
    for iterations in range(1, max_iterations + 1):
        chain = model.only(chosen)
        classes = classes_of(chain)
        if groups.number_of_classes(classes).max() > 1:
            chosen = _leading_to_best_class(model, groups, chosen, classes)
            chain = model.only(chosen)
            classes = classes_of(chain)
        if groups.number_of_classes(classes).max() > 1:
            least, most = np.full(groups.count, -np.inf), np.full(groups.count, np.inf)
            break
        steps = returns_to_centres(chain, classes, chain.reward)
        gain = np.zeros(groups.count, dtype=model.reward.dtype)
        gain[groups.number[classes.centre]] = steps.gain
        before, h = h, steps.value - gain[groups.number] * steps.steps
        q = model.action_value(h, 1.0)
        change = model.best(q) - h
        least, most = _gain_bounds(model, groups, h, change)
        moved, half = _half_span(groups, h - before), float((most - least).max()) / 2
        trace.append(Iteration(sweeps + iterations, moved, half))
        gained = model.best(q)[inner] - q[chosen[inner]]
        better = np.flatnonzero(inner)[gained > 4 * rounding_of_change(model, h)]
        if not len(better):
            break
        chosen[better] = model.greedy(q)[better]
    if model.exact:
        least = np.nextafter(least.astype(np.float64), -np.inf)
        most = np.nextafter(most.astype(np.float64), np.inf)
    return Improved(least, most, chosen, sweeps + iterations)


def _half_span(groups: Groups, change: Floats) -> float:
    """Return half the largest span of a change: how far values moved up to constants."""
    return float((groups.most(change) - groups.least(change)).max()) / 2


def rounding_of_change(model: ExpectedMDP, h: Floats) -> float:
    """Return a bound on the rounding of Th − h."""
    if model.exact:
        return 0.0
    return model.rounding(h, 1.0) + 4 * UNIT_ROUNDOFF * float(np.abs(h).max())


def _gain_bounds(
    model: ExpectedMDP, groups: Groups, h: Floats, change: Floats
) -> tuple[Floats, Floats]:
    """Return min(Th − h) and max(Th − h) of each group, with room for rounding."""
    error = 0 if model.exact else rounding_of_change(model, h)
    return groups.least(change) - error, groups.most(change) + error


def _leading_to_best_class(
    model: ExpectedMDP, groups: Groups, chosen: Ints, classes: Classes
) -> Ints:
    """Return a policy that goes to the best class of each group, where all its states can."""
    chain = model.only(chosen)
    several = groups.number_of_classes(classes) > 1
    group = groups.number[classes.centre]
    gain = returns_to_centres(chain, classes, chain.reward).gain
    best = np.where(groups.ends, 0.0, -np.inf)  # of a terminal state
    np.maximum.at(best, group, gain)
    best_class = np.full(groups.count, -1)  # the terminal states
    is_best = np.flatnonzero((gain == best[group]) & ~((gain < 0) & groups.ends[group]))
    best_class[group[is_best[::-1]]] = is_best[::-1]
    goal = ~several[groups.number]
    goal |= (classes.number >= 0) & (classes.number == best_class[groups.number])
    goal |= model.terminal & (best_class[groups.number] < 0)
    return leading_to(model, goal, chosen)


def leading_to(model: ExpectedMDP, goal: Flags, chosen: Ints) -> Ints:
    """Return a policy that goes to a goal the shortest way from every other state.

    It is returned as it is where some state leads to no goal.
    """
    steps = distances(model, goal)
    if (steps < 0).any():
        return chosen
    nearest = np.minimum.reduceat(steps[model.next_state], model.outcome_start[:-1])
    nearer = np.flatnonzero(nearest == steps[model.pair_state] - 1)
    leading = chosen.copy()
    leading[model.pair_state[nearer[::-1]]] = nearer[::-1]
    return np.where(goal, chosen, leading)
