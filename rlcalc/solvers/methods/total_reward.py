"""Total reward (gamma = 1): whether it exists, and values with a proven bound.

A policy that never ends has a total reward only if its average reward is 0. So each end component
with rewards of 0 becomes one state, which may also stop. In this quotient a policy that never ends
either loses without limit, so that a policy that ends is the best, or earns without limit: then the
total reward does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rlcalc.errors import InputError, listed
from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.graph.end_components import closed_sets
from rlcalc.graph.mec_quotient import quotient_of
from rlcalc.graph.reachability import Names, never_ending, policy_reaching_end
from rlcalc.graph.state_order import locality_order
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.solvers.methods import linear
from rlcalc.solvers.methods.automatic import solve_automatically
from rlcalc.solvers.methods.chain_evaluation import closed_set_gain
from rlcalc.solvers.problem import Iterate, Iteration, Problem, ProvenValues
from rlcalc.solvers.proofs.entrywise import value_by_elimination
from rlcalc.solvers.proofs.macqueen import rounded_up
from rlcalc.solvers.proofs.supersolution import prove

Gather = Callable[[Floats], Floats]
"""From values of the original states to those of the states that a method works on."""
Find = Callable[[Problem, Gather], tuple[Iterate, str]]


def solve(problem: Problem, names: Names) -> tuple[ProvenValues, int]:
    """Return the largest total reward from each state in fractions, and the number of improvements.

    For a policy that ends, v = r + P v is its value and w = 1 + P w its number of steps. A policy
    is improved for rewards that are higher by ε, which is above the residual of v. When no action
    is better, u = v + ε w is an upper bound: u ≥ r + P u for all actions, so V ≤ u, and no policy
    earns without limit. A lower bound is V ≥ v − δ w with δ min(w − P w) ≥ |r + P v − v|.

    Args:
        problem: its model is in fractions; it begins with the greedy policy of its value.
        names: from numbers of states to their names, for errors.

    Raises:
        InputError: there is no answer: some states never end, or a cycle earns for ever.

    Source: Bertsekas & Tsitsiklis (1991) for the conditions; de Alfaro (1997) for the quotient.
    """
    quotient = quotient_of(problem.model)
    small = quotient.model

    def named(states: Ints) -> list[object]:
        return names(quotient.first[states])

    chosen = policy_reaching_end(small, named)
    if problem.value is not None:
        greedy = _greedy(small, quotient.gather(problem.value))
        chosen = chosen if len(never_ending(small.only(greedy))) else greedy
    before, seen = np.zeros(small.n_states), {chosen.tobytes()}
    for iteration in range(1, problem.max_iterations + 1):
        proof = _PolicyProof.of(small, chosen)
        change = float(np.abs(proof.value - before).max())
        problem.trace.append(Iteration(iteration, change, proof.bound))
        before, better = proof.value, proof.better
        if proof.bound < np.inf or not len(better):
            break
        chosen = chosen.copy()
        chosen[better] = proof.greedy[better]
        _refuse_endless(small, chosen, named)
        if chosen.tobytes() in seen:
            break  # values that are not exact enough lead round
        seen.add(chosen.tobytes())
    return _backed_up(problem.model, quotient.spread(proof.value), proof.bound), iteration


def _greedy(model: ExpectedMDP, value: Floats) -> Ints:
    return model.greedy(model.action_value(value, 1.0))


def _refuse_endless(model: ExpectedMDP, chosen: Ints, names: Names) -> None:
    """Refuse a policy that never ends although it is better than those that end.

    Raises:
        InputError: the states of the cycle in which it stays.
    """
    cycles = closed_sets(model.only(chosen))
    if cycles:
        raise _earns_for_ever(names, min(cycles, key=lambda states: int(states[0])))


def _earns_for_ever(names: Names, members: Ints) -> InputError:
    return InputError(
        "the total reward (gamma = 1) does not exist: a cycle earns a reward for ever, or its "
        "rewards cancel without end",
        listed(names(members), total=len(members)),
        "use --gamma 0.99, --horizon N or --criterion average",
    )


def _backed_up(model: ExpectedMDP, value: Floats, bound: float) -> ProvenValues:
    """Return one more backup, which is no farther from the answer."""
    q = model.action_value(value, 1.0)
    return ProvenValues(model.best(q), bound + model.rounding(value, 1.0), q)


@dataclass(frozen=True)
class _PolicyProof:
    """The value of a policy, a bound on its distance from the best, and better actions."""

    value: Floats  # [S] v
    bound: float  # infinite if another policy may be better
    better: Ints  # states in which another pair is better
    greedy: Ints  # [S]

    @classmethod
    def of(cls, model: ExpectedMDP, chosen: Ints) -> _PolicyProof:
        """Return the proof of a policy that ends, by v = r + P v and w = 1 + P w."""
        chain, inner = model.only(chosen), ~model.terminal
        one = np.ones(chain.n_pairs, dtype=chain.reward.dtype)
        v, w = linear.solve_system(chain, 1.0, np.stack([chain.reward, one], axis=1)).T
        residual = np.abs(chain.best(chain.action_value(v, 1.0)) - v).max()
        ahead = chain.action_value(w, 1.0) - chain.reward
        progress = (w[chain.pair_state] - ahead).min()
        epsilon = 4 * residual
        upper = v + epsilon * w
        q = model.action_value(upper, 1.0)
        most = model.best(q)
        better = np.flatnonzero(inner)[most[inner] > q[chosen[inner]]]
        bound = np.inf
        if progress > 0 and (upper >= most)[inner].all():
            bound = rounded_up(max(epsilon, residual / progress) * w.max())
        return cls(v, bound, better, model.greedy(q))


def solve_in_floats(problem: Problem, names: Names, find: Find) -> tuple[ProvenValues, int, str]:
    """Return the largest total reward from each state, proven, by any method.

    A method improves the values of a policy that ends; `proofs.supersolution` proves the result.

    Args:
        problem: its model is in floats, and `tol` is the requested bound.
        names: as in `solve`.
        find: the method: from a problem, whose `tol` is now on |Tv − v|, to values.

    Raises:
        InputError: as in `solve`.
    """
    quotient = quotient_of(problem.model)
    order = locality_order(quotient.model)
    small = order.model

    def named(states: Ints) -> list[object]:
        return names(quotient.first[order.first[states]])

    chain = small.only(policy_reaching_end(small, named))
    rough = replace(problem, model=chain, value=None, tol=1e-4 * small.largest_reward, trace=[])
    if chain.n_states <= linear.DENSE:
        begin = linear.solve_system(chain, 1.0, chain.reward[:, None])[:, 0]
    else:
        begin = solve_automatically(rough)[0].value
    near = replace(problem, model=small, value=begin, tol=problem.tol / 10)
    iterate, method = find(near, lambda whole: quotient.gather(whole)[order.first])
    if not np.isfinite(iterate.value).all():  # a direct method that came upon what never ends
        iterate = solve_automatically(near)[0]
    if not np.isfinite(iterate.value).all() or near.is_policy:
        iterate = _without_subtraction(near, iterate)
    value, bound = iterate.value, np.inf
    if np.isfinite(iterate.value).all():
        greedy = _greedy(small, iterate.value)
        if len(never_ending(small.only(greedy))):
            _refuse_earning(small, greedy, named)
        else:
            value, bound = prove(small, value, 0.9 * problem.tol, problem.jobs)
    value = quotient.spread(order.spread(value))
    return _backed_up(problem.model, value, bound), iterate.iterations, method


def _without_subtraction(problem: Problem, iterate: Iterate) -> Iterate:
    """Return the values of a small policy that goes round for so long that I − P is singular."""
    chain = problem.model
    change = np.abs(chain.best(chain.action_value(iterate.value, 1.0)) - iterate.value).max()
    if change <= problem.tol or chain.n_states > linear.DENSE or not problem.is_policy:
        return iterate
    return replace(iterate, value=value_by_elimination(chain)[0])


def _refuse_earning(model: ExpectedMDP, chosen: Ints, names: Names) -> None:
    """Refuse a policy that never ends if one of its cycles earns more than rounding can.

    Raises:
        InputError: the states of the cycle.
    """
    chain = model.only(chosen)
    for members in closed_sets(chain)[:MOST_CYCLES]:
        earned = chain.reward[chain.pair_start[members]]
        sure = earned.min() >= 0 and earned.max() > 0
        if not sure and len(members) <= linear.DENSE:
            sure = closed_set_gain(chain, members) > SURE * model.largest_reward
        if sure:
            raise _earns_for_ever(names, members)


MOST_CYCLES = 4
"""The largest number of cycles that are examined."""
SURE = 1e-9
"""The least average reward of a cycle, relative to the largest, that is not by rounding."""
