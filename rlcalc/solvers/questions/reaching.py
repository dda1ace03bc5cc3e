"""Reaching: the probability of ever reaching some states, and the steps until then."""

from __future__ import annotations

import numpy as np

from rlcalc.numerics.arrays import Flags, Floats
from rlcalc.result import Fact, Result
from rlcalc.solvers.problem import Solution
from rlcalc.solvers.questions import certainty
from rlcalc.solvers.questions.answers import by_pair
from rlcalc.solvers.questions.submodel import graph_of, total_reward, without_actions
from rlcalc.solvers.setup import SolveSetup


def answer(setup: SolveSetup) -> Result:
    """Return the probability of reaching the states, or the expected number of steps to them.

        p(s) = max_a Σ_s' P(s'|s,a) p(s'),   p = 1 in the states to reach
        w(s) = max_a [ 1 + Σ_s' P(s'|s,a) w(s') ],   w = 0 in the states to reach

    The least instead with `minimise`. Steps are infinite where the states may not be reached.
    Probabilities of 0 and 1 and infinite steps follow from the graph, so they are exact.

    Source: Baier & Katoen (2008), section 10.6; de Alfaro (1997).
    """
    request = setup.request
    states = request.reach if request.reach is not None else request.steps_to
    goal: Flags = np.zeros(setup.mdp.n_states, dtype=bool)
    goal[list(states or ())] = True
    is_reach = request.reach is not None
    solution = (_probability if is_reach else _steps)(setup, goal)
    value, model = solution.value, setup.mdp.expected
    step = 0.0 if is_reach else 1.0
    ahead = model.probability * value[model.next_state]
    q = step + np.add.reduceat(ahead, model.outcome_start[:-1])
    q = np.where(goal[model.pair_state], value[model.pair_state], q)
    solution.action_value = np.clip(q, 0, 1) if is_reach else q
    if is_reach:
        solution.bound += model.rounding(value, 1.0)
    least = "the least " if request.minimise else "the largest "
    kind = "probability of reaching" if is_reach else "expected steps to"
    facts: dict[str, Fact] = {
        "question": "reach" if is_reach else "steps-to",
        "targets": int(goal.sum()),
    }
    title = f"V: {'' if setup.policy else least}{kind} the states"
    notes = []
    if not certainty.possible(model, goal)[~goal].any() and not goal.all():
        notes = ["no other state leads to these states"]
    elif setup.mdp.start is not None and is_reach and not setup.mdp.start @ value:
        notes = ["from the start, the states are not reached"]
    allowed = None
    if not is_reach and not request.minimise:  # where one can avoid the states, one stays there
        avoiding = certainty.avoidable(without_actions(model, goal), goal)
        allowed = certainty.pairs_staying(model, avoiding) | ~avoiding[model.pair_state]
    return by_pair(setup, solution, title, facts, notes, infinite=not is_reach, allowed=allowed)


def _probability(setup: SolveSetup, goal: Flags) -> Solution:
    least = setup.request.minimise
    model = without_actions(graph_of(setup), goal)
    if least:
        never = certainty.avoidable(model, goal)
        surely = certainty.surely_by_every_policy(model, goal)
    else:
        never = ~certainty.possible(model, goal)
        surely = certainty.surely_by_some_policy(model, goal)
    mdp = setup.mdp
    kept = ~(never | surely)[mdp.expected.pair_state]
    reward: Floats = surely[mdp.next_state].astype(np.float64)
    solution = total_reward(setup, kept, -reward if least else reward)
    value = np.where(surely, 1.0, np.clip(np.abs(solution.value), 0, 1))
    solution.value = np.where(never, 0.0, value)
    return solution


def _steps(setup: SolveSetup, goal: Flags) -> Solution:
    least = setup.request.minimise
    model = without_actions(graph_of(setup), goal)
    mdp, original = setup.mdp, setup.mdp.expected
    if least:
        finite = certainty.surely_by_some_policy(model, goal)
        kept = ~goal[original.pair_state]
        kept &= (
            finite[original.pair_state]
            if setup.policy
            else certainty.pairs_staying(original, finite)
        )
    else:
        finite = certainty.surely_by_every_policy(model, goal)
        kept = (finite & ~goal)[original.pair_state]
    one = np.ones(len(mdp.reward))
    solution = total_reward(setup, kept, -one if least else one)
    solution.value = np.where(finite, np.abs(solution.value), np.inf)
    solution.bound += original.rounding(np.where(finite, solution.value, 0), 1.0) + 2.0**-50
    return solution
