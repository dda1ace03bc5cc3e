"""From a source to a model: documents, tables of transitions, and arrays of numpy.

Whoever builds an `MDP` here has shown that its probabilities sum to 1 and that its names are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import ValidationError

from rlcalc.documents import (
    EnvironmentDocument,
    ModelDocument,
    Outcome,
    Where,
    World,
    adapter,
    document_faults,
)
from rlcalc.errors import Fault, InputError, listed, meant, nearest, shown
from rlcalc.labels import Labels, text_of_label
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.probabilities import SUM_TOLERANCE, normalised, rounded_sums, wrong_sum
from rlcalc.readers.column_names import MODEL_COLUMN_NAMES
from rlcalc.readers.csv_header import header_of
from rlcalc.readers.models.names import only_file, repeated_names, unknown_name
from rlcalc.readers.models.policies import policy_of
from rlcalc.readers.places import parsed
from rlcalc.readers.sources import File, ReadRequest, opened, resolve_files


def load_model(
    source: str, request: ReadRequest, settings: Mapping[str, Any] | None = None
) -> MDP | EnvironmentDocument:
    """Return the model that a source holds, or the document that names a world.

    Args:
        source: a path, `-`, or the name of a shipped spec.
        request: how to read it.
        settings: top-level parameters that are not to be what the document says.

    Raises:
        InputError: it is not there, or is not a model, or contradicts itself.
        UsageError: it names several files.
    """
    with opened(only_file(source), request.kind) as file:
        if file.kind in ("yaml", "json", "npz"):
            refuse_columns(request, file.at())
        if file.kind in ("yaml", "json"):
            return _of_document(file, settings or {})
        if settings:
            raise InputError(
                f"--set {next(iter(settings))}: a table has no parameters",
                file.at(),
                "only documents have, and environments",
            )
        if file.kind == "npz":
            from rlcalc.readers.models import npz

            return npz.read(file)
        from rlcalc.readers.models import transitions

        return transitions.read(file, request)


def refuse_columns(request: ReadRequest, where: str) -> None:
    """Refuse to rename the columns of what has none.

    Raises:
        InputError: --columns was given.
    """
    if request.columns:
        raise InputError(
            "--columns applies to tables, and this is not a table", where, "leave it out"
        )


def holds_model(sources: Sequence[str], request: ReadRequest) -> bool:
    """Return whether a source is one model, by what stands in it; standard input never is.

    Raises:
        InputError: it is not there.
    """
    files = resolve_files(list(sources))
    if len(files) != 1 or files[0] == "-":
        return False
    try:
        with opened(files[0], request.kind) as file:
            if file.kind in ("yaml", "json"):
                value, _ = parsed(file)
                return isinstance(value, dict) and (
                    isinstance(value.get("states"), dict) or "environment" in value
                )
            return file.kind == "npz" or _has_transitions(file)
    except InputError:
        return False  # who reads it will say what is wrong


def _has_transitions(file: File) -> bool:
    """Return whether a table has the columns of outcomes: only these have probabilities."""
    if file.kind in ("csv", "tsv"):
        names = header_of(file.stream.read(1 << 20), file).names
    elif file.kind in ("parquet", "arrow") and file.path:
        from rlcalc.readers.trajectories.parquet import scan, whole

        with whole(file):
            names = scan(file).collect_schema().names()
    else:
        return False
    lowered = {name.lower() for name in names}
    return all(lowered.intersection(names) for names in MODEL_COLUMN_NAMES.values())


def _of_document(file: File, settings: Mapping[str, Any]) -> MDP | EnvironmentDocument:
    value, place = parsed(file, keys=3)

    def where(path: tuple[Any, ...]) -> str:
        return f"--set {shown(path[0])}" if path and path[0] in settings else place(path)

    if isinstance(value, dict):
        if "environment" in value:
            return EnvironmentDocument({**value, **settings}, where)
        _require_parameters(settings, where)
        value = {**value, **settings}
    if isinstance(value, dict) and "states" not in value:
        raise _not_a_model(value, file)
    try:
        document: ModelDocument = adapter("model").validate_python(value)
    except ValidationError as error:
        raise InputError.of(document_faults(error, where)) from error
    return of_document(document, where)


PARAMETERS = ("name", "gamma", "start", "policy")
"""What --set may change in a document that lists its states."""


def _require_parameters(settings: Mapping[str, Any], where: Where) -> None:
    unknown = [name for name in settings if name not in PARAMETERS]
    if unknown:
        raise InputError(
            f"unknown parameter {shown(unknown[0])}",
            where((unknown[0],)),
            meant(unknown[0], PARAMETERS) + f"known: {', '.join(PARAMETERS)}",
        )


def _not_a_model(document: dict[Any, Any], file: File) -> InputError:
    if "trajectories" in document or "rewards" in document:
        return InputError(
            "these are trajectories, not a model",
            file.at(),
            "rlcalc estimate computes V, Q and A from trajectories; a model has states with "
            "their actions",
        )
    near = nearest("states", map(str, document))
    return InputError(
        "there are no states",
        file.at(),
        (f"did you mean states by {shown(near)}? " if near else "add the key states; ")
        + f"given: {listed(document)}",
    )


def of_document(document: ModelDocument, where: Where) -> MDP:
    """Return a validated document as a model.

    Args:
        document: what it says.
        where: from a path in it to where that stands.

    Raises:
        InputError: unknown names, or probabilities that do not sum to 1; every fault there is.
    """
    states, actions = _labels(document.states), _action_labels(document)
    pairs = [(state, name) for state, given in document.states.items() for name in given]
    several = [_listed(given) for choices in document.states.values() for given in choices.values()]
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
    if document.policy is None:
        return model
    weight = policy_of(document.policy, model, where, problems)
    if problems:
        raise InputError.of(problems)
    return replace(model, policy=weight)


def _listed(given: Outcome | list[Outcome]) -> list[Outcome]:
    return given if isinstance(given, list) else [given]


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
    given = request if isinstance(request, dict) else {request: 1.0}
    start = np.zeros(len(states))
    problems += repeated_names(given, where, "start")
    for name, chance in given.items():
        text = text_of_label(name)
        if text not in states:
            problems.append(unknown_name("state", text, states.texts, where(("start", name))))
        else:
            start[states.code(text)] += chance
    total = sum(given.values())
    if abs(total - 1) > SUM_TOLERANCE:
        problems.append(
            Fault(
                f"the probabilities of the first state sum to {total:.10g}",
                where(("start",)),
                "make them sum to 1",
            )
        )
    return start
