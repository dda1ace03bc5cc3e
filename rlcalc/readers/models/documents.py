"""From a source to a model: documents, tables of transitions, and arrays of numpy.

Whoever builds an `MDP` here has shown that its probabilities sum to 1 and that its names are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rlcalc.documents import ModelDocument, Outcome, Where, World
from rlcalc.errors import Fault, InputError
from rlcalc.labels import Labels, text_of_label
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.probabilities import SUM_TOLERANCE, normalised, rounded_sums, wrong_sum
from rlcalc.readers.models.grid import with_grid
from rlcalc.readers.models.names import repeated_names, unknown_name
from rlcalc.readers.models.policies import policy_of


def of_document(document: ModelDocument, where: Where) -> MDP:
    """Return a validated document as a model.

    Args:
        document: what it says.
        where: from a path in it to where that stands.

    Raises:
        InputError: unknown names, or probabilities that do not sum to 1; every fault there is.
    """
    states, actions = _labels(document.states), _action_labels(document)
    pairs = [(state, name) for state, entries in document.states.items() for name in entries]
    several = [
        _listed(entries) for choices in document.states.values() for entries in choices.values()
    ]
    problems = repeated_names(document.states, where, "states")
    for state, choices in document.states.items():
        problems += repeated_names(choices, where, "states", state)
    for (state, name), outcomes in zip(pairs, several, strict=True):
        problems += _wrong_outcomes(document, state, name, outcomes, states, where)
    start = None
    if document.start is not None:
        start = _start(document.start, states, where, problems)
    if not pairs:
        problems.append(
            Fault(
                "no state has an action: there is nothing to decide and nothing to earn",
                where(("states",)),
                "give a state actions: {hall: {left: {to: room, reward: 1}}, room: {}}",
            )
        )
    if problems:
        raise InputError.of(problems)
    kept = [[outcome for outcome in outcomes if outcome.p > 0] for outcomes in several]
    flat = [outcome for outcomes in kept for outcome in outcomes]
    outcome_start = np.cumsum([0, *map(len, kept)])
    model = MDP(
        pair_start=np.cumsum([0, *map(len, document.states.values())]),
        action=actions.encode(text_of_label(name) for _, name in pairs),
        outcome_start=outcome_start,
        next_state=states.encode(text_of_label(outcome.to) for outcome in flat),
        probability=normalised(np.array([outcome.p for outcome in flat]), outcome_start),
        reward=np.array([outcome.reward for outcome in flat], dtype=np.float64),
        states=states,
        actions=actions,
        gamma=document.gamma,
        start=start,
        name=document.name or "",
        notes=rounded_sums(np.array([sum(o.p for o in outcomes) for outcomes in several])),
    )
    if document.grid is not None:
        model = with_grid(model, document.grid, where(("grid",)))
    if document.policy is None:
        return model
    weight = policy_of(document.policy, model, where, problems)
    if problems:
        raise InputError.of(problems)
    return replace(model, policy=weight)


def _listed(entries: Outcome | list[Outcome]) -> list[Outcome]:
    return entries if isinstance(entries, list) else [entries]


UNLISTED = "; every state must be listed, with {} if it ends"


def _wrong_outcomes(
    document: ModelDocument,
    state: Any,
    name: Any,
    outcomes: list[Outcome],
    states: Labels,
    where: Where,
) -> list[Fault]:
    """Return the faults of the outcomes of a pair: unknown states, a sum that is not 1."""
    problems: list[Fault] = []
    path = ("states", state, name)
    in_list = isinstance(document.states[state][name], list)
    for number, outcome in enumerate(outcomes):
        target = text_of_label(outcome.to)
        if target not in states:
            at = (*path, number, "to") if in_list else (*path, "to")
            problems.append(unknown_name("state", target, states.texts, where(at), UNLISTED))
    total = sum(outcome.p for outcome in outcomes)
    if abs(total - 1) > SUM_TOLERANCE:
        pair = text_of_label(state), text_of_label(name)
        chances = ((text_of_label(outcome.to), outcome.p) for outcome in outcomes)
        problems.append(wrong_sum(pair, chances, where(path)))
    return problems


def _labels(names: Mapping[Any, Any]) -> Labels:
    return _encoded(list(names))


def _action_labels(document: ModelDocument) -> Labels:
    return _encoded([name for choices in document.states.values() for name in choices])


def _encoded(names: Sequence[Any]) -> Labels:
    numbers = all(isinstance(name, int | float) and not isinstance(name, bool) for name in names)
    return Labels(map(text_of_label, names), textual=not numbers)


def with_start_and_policy(world: MDP, document: World, where: Where) -> MDP:
    """Return a named world with the start and the policy that its document gives it.

    States that the policy does not name are left to the world's own policy, else to the uniform.

    Args:
        world: as it is without these.
        document: it names the start and the policy.
        where: from a path in it to where that stands.

    Raises:
        InputError: unknown names, or probabilities that do not sum to 1.
    """
    problems: list[Fault] = []
    start, weight = world.start, world.policy
    if document.start is not None:
        start = _start(document.start, world.states, where, problems)
    if document.policy is not None:
        weight = policy_of(document.policy, world, where, problems)
    if problems:
        raise InputError.of(problems)
    if weight is not None and world.policy is not None and document.policy:
        named = [world.states.code(text_of_label(state)) for state in document.policy]
        weight = np.where(np.isin(world.expected.pair_state, named), weight, world.policy)
    return replace(world, start=start, policy=weight)


def _start(request: Any, states: Labels, where: Where, problems: list[Fault]) -> Floats:
    entries = request if isinstance(request, dict) else {request: 1.0}
    start = np.zeros(len(states))
    problems += repeated_names(entries, where, "start")
    for name, chance in entries.items():
        text = text_of_label(name)
        if text not in states:
            problems.append(unknown_name("state", text, states.texts, where(("start", name))))
        else:
            start[states.code(text)] += chance
    total = sum(entries.values())
    if abs(total - 1) > SUM_TOLERANCE:
        problems.append(
            Fault(
                f"the probabilities of the first state sum to {total:.10g}",
                where(("start",)),
                "make them sum to 1",
            )
        )
    return start
