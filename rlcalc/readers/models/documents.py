"""From a source to a model: documents, tables of transitions, and arrays of numpy.

Whoever builds an `MDP` here has shown that its probabilities sum to 1 and that its names are known.
"""

from __future__ import annotations

import contextlib
import os
import re
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
    faults,
)
from rlcalc.errors import Fault, InputError, UsageError, listed, meant, nearest, shown
from rlcalc.mdp import MDP, SUM_TOLERANCE, normalised
from rlcalc.options import MODEL_COLUMN_NAMES, Kind
from rlcalc.policy import Policy
from rlcalc.readers.sources import File, Options, found, kind_of_name, opened
from rlcalc.readers.trajectories.documents import parsed, text_of_label
from rlcalc.trajectories import Floats, Labels


def load_model(
    source: str, options: Options, settings: Mapping[str, Any] | None = None
) -> MDP | EnvironmentDocument:
    """Return the model that a source holds, or the document that names a world.

    Args:
        source: a path, `-`, or the name of a shipped spec.
        options: how to read it.
        settings: top-level parameters that are not to be what the document says.

    Raises:
        InputError: it is not there, or no model, or one that contradicts itself.
        UsageError: it names several files.
    """
    with opened(_only_file(source), options.kind) as file:
        if file.kind in (Kind.yaml, Kind.json, Kind.npz):
            refuse_columns(options, file.at())
        if file.kind in (Kind.yaml, Kind.json):
            return _of_document(file, settings or {})
        if settings:
            raise InputError(
                f"--set {next(iter(settings))}: a table has no parameters",
                file.at(),
                "only documents have, and environments",
            )
        if file.kind is Kind.npz:
            from rlcalc.readers.models import npz

            return npz.read(file)
        from rlcalc.readers.models import transitions

        return transitions.read(file, options)


def _only_file(source: str, what: str = "model") -> str:
    """Return the file that a source names.

    Raises:
        InputError: it is not there, or a folder.
        UsageError: it names several files.
    """
    beside: list[str] = []
    if os.path.isdir(source):  # which may be the root of all files
        with contextlib.suppress(OSError):
            beside = sorted(name for name in os.listdir(source) if kind_of_name(name))
        raise InputError(
            f"{shown(source)} is a folder, and a {what} is one file",
            fix=f"name one of {listed(beside)}" if beside else f"no file in it is a {what}",
        )
    files = found([source])
    if len(files) > 1:
        raise UsageError(
            f"{shown(source)} names {len(files):,} files, and a {what} is one",
            fix=f"name one of {listed(files)}",
        )
    return files[0]


def refuse_columns(options: Options, where: str) -> None:
    """Refuse to rename the columns of what has none.

    Raises:
        InputError: --columns was given.
    """
    if options.columns:
        raise InputError("--columns is for tables, and this is none", where, "leave it out")


def holds_model(sources: Sequence[str], options: Options) -> bool:
    """Return whether a source is one model, by what stands in it; standard input never is.

    Raises:
        InputError: it is not there.
    """
    files = found(list(sources))
    if len(files) != 1 or files[0] == "-":
        return False
    try:
        with opened(files[0], options.kind) as file:
            if file.kind in (Kind.yaml, Kind.json):
                value, _ = parsed(file)
                return isinstance(value, dict) and (
                    isinstance(value.get("states"), dict) or "environment" in value
                )
            return file.kind is Kind.npz or _has_transitions(file)
    except InputError:
        return False  # who reads it will say what is wrong


def _has_transitions(file: File) -> bool:
    """Return whether a table has the columns of outcomes: only these have probabilities."""
    if file.kind in (Kind.csv, Kind.tsv):
        header = file.stream.readline(1 << 16).decode(errors="replace").strip()
        names = header.split("\t" if file.kind is Kind.tsv else ",")
    elif file.kind in (Kind.parquet, Kind.arrow) and file.path:
        from rlcalc.readers.trajectories.parquet import scan, whole

        with whole(file):
            names = scan(file).collect_schema().names()
    else:
        return False
    lowered = {name.strip('"').lower() for name in names}
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
        raise _no_model(value, file)
    try:
        document: ModelDocument = adapter("model").validate_python(value)
    except ValidationError as error:
        raise InputError.of(faults(error, where)) from error
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


def _no_model(document: dict[Any, Any], file: File) -> InputError:
    if "trajectories" in document or "rewards" in document:
        return InputError(
            "these are trajectories, and no model",
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
    problems = _alike(document, where)
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
    )
    if document.policy is None:
        return model
    weight = policy_of(document.policy, model, where, problems)
    if problems:
        raise InputError.of(problems)
    return replace(model, policy=weight)


def _alike(document: ModelDocument, where: Where) -> list[Fault]:
    """Return which states, or actions of a state, cannot be told apart: 1 and "1" are one name."""
    problems: list[Fault] = []
    lists: dict[tuple[Any, ...], list[Any]] = {(): list(document.states)}
    lists |= {(state,): list(choices) for state, choices in document.states.items()}
    for path, names in lists.items():
        texts = [text_of_label(name) for name in names]
        if len(set(texts)) < len(texts):
            twice = next(text for text in texts if texts.count(text) > 1)
            at = where(("states", *path))
            problems.append(Fault(f"there are two by the name {shown(twice)}", at, "rename one"))
    return problems


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
    """Return what is wrong with the outcomes of a pair: unknown states, a sum that is not 1."""
    problems: list[Fault] = []
    path = ("states", state, name)
    in_list = isinstance(document.states[state][name], list)
    for number, outcome in enumerate(outcomes):
        target = text_of_label(outcome.to)
        if target not in states:
            at = (*path, number, "to") if in_list else (*path, "to")
            problems.append(_unknown("state", target, states, where(at), UNLISTED))
    total = sum(outcome.p for outcome in outcomes)
    if abs(total - 1) > SUM_TOLERANCE:
        problems.append(_wrong_sum(state, name, outcomes, total, where(path)))
    return problems


def _labels(names: Mapping[Any, Any]) -> Labels:
    return _encoded(list(names))


def _action_labels(document: ModelDocument) -> Labels:
    return _encoded([name for choices in document.states.values() for name in choices])


def _encoded(names: Sequence[Any]) -> Labels:
    numbers = all(isinstance(name, int | float) and not isinstance(name, bool) for name in names)
    return Labels(map(text_of_label, names), textual=not numbers)


def _unknown(what: str, name: str, labels: Labels, where: str, more: str = "") -> Fault:
    known = f"there are {listed(labels.texts)}"
    return Fault(
        f"there is no {what} {shown(name)}",
        where,
        meant(name, labels.texts) + known + more,
    )


def _wrong_sum(state: Any, action: Any, several: list[Outcome], total: float, where: str) -> Fault:
    parts = [f"{shown(text_of_label(outcome.to))} has {outcome.p:g}" for outcome in several]
    return Fault(
        f"probabilities of (state '{shown(text_of_label(state))}', "
        f"action '{shown(text_of_label(action))}') sum to {total:.10g}",
        where,
        f"make them sum to 1 (within 1e-9); now {listed(parts)}",
    )


def with_said(world: MDP, said: World, where: Where) -> MDP:
    """Return a named world with the start and the policy that its document gives it.

    States that the policy does not name are left to the world's own policy, else to the uniform.

    Args:
        world: as it is without these.
        said: the document.
        where: from a path in it to where that stands.

    Raises:
        InputError: unknown names, or probabilities that do not sum to 1.
    """
    problems: list[Fault] = []
    start, weight = world.start, world.policy
    if said.start is not None:
        start = _start(said.start, world.states, where, problems)
    if said.policy is not None:
        weight = policy_of(said.policy, world, where, problems)
    if problems:
        raise InputError.of(problems)
    if weight is not None and world.policy is not None and said.policy:
        named = [world.states.code(text_of_label(state)) for state in said.policy]
        weight = np.where(np.isin(world.expected.pair_state, named), weight, world.policy)
    return replace(world, start=start, policy=weight)


def _start(asked: Any, states: Labels, where: Where, problems: list[Fault]) -> Floats:
    given = asked if isinstance(asked, dict) else {asked: 1.0}
    start = np.zeros(len(states))
    for name, chance in given.items():
        text = text_of_label(name)
        if text not in states:
            problems.append(_unknown("state", text, states, where(("start", name))))
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


def policy_of(
    given: Mapping[Any, Any], model: MDP, where: Where, problems: list[Fault]
) -> Floats | None:
    """Return the weights of a policy that names states and actions, or None with the problems.

    States that it does not name are left to the uniform policy.

    Args:
        given: state → action, or state → {action: probability}.
        model: whose states and actions they should be.
        where: from a path in the document to where that stands.
        problems: takes what is wrong.
    """
    weight = Policy.uniform(model.expected).weight.copy()
    before = len(problems)
    for state, choice in given.items():
        text = text_of_label(state)
        if len(problems) - before == MOST_FAULTS:
            break  # it belongs to another model
        if text not in model.states:
            problems.append(_unknown("state", text, model.states, where(("policy", state))))
            continue
        code = model.states.code(text)
        first, last = int(model.pair_start[code]), int(model.pair_start[code + 1])
        names = [model.actions.texts[a] for a in model.action[first:last]]
        chances = choice if isinstance(choice, dict) else {choice: 1.0}
        weight[first:last] = 0.0
        total = 0.0
        for name, chance in chances.items():
            action = text_of_label(name)
            if action not in names:
                problems.append(_no_action(action, text, names, where(("policy", state, name))))
            else:
                weight[first + names.index(action)] += chance
            total += chance if 0 <= chance <= 1 + SUM_TOLERANCE else np.nan
        if not abs(total - 1) <= SUM_TOLERANCE:
            problems.append(
                Fault(
                    f"the policy's probabilities in state '{shown(text)}' "
                    + ("are not within 0..1" if np.isnan(total) else f"sum to {total:.10g}"),
                    where(("policy", state)),
                    "make them sum to 1; leave the state out for the uniform policy",
                )
            )
    return None if len(problems) > before else _whole(weight, model)


def _no_action(action: str, state: str, names: list[str], where: str) -> Fault:
    has = f"it has {listed(names)}" if names else "it has none: nothing can be done there"
    return Fault(
        f"there is no action {shown(action)} in state {shown(state)}",
        where,
        meant(action, names) + has,
    )


def _whole(weight: Floats, model: MDP) -> Floats:
    kept = model.pair_start[:-1][~model.expected.terminal]
    return normalised(weight, np.concatenate([kept, [model.n_pairs]]))


def load_policy(source: str, model: MDP, options: Options) -> Floats:
    """Return the weights of a policy that stands in a file of its own.

    Args:
        source: a document with the key policy, or a bare mapping of states to actions; or a table
            with the columns state, action and pi, as `solve` and `estimate` write it.
        model: whose states and actions it names.
        options: how to read it.

    Raises:
        InputError: it is not there, or does not belong to the model.
    """
    with opened(_only_file(source, "policy"), options.kind) as file:
        given, place = _policy_given(file)
        if not given:
            raise InputError(
                "the policy names no state",
                file.at(),
                "write state: action, or state: {action: probability}",
            )
    problems: list[Fault] = []
    weight = policy_of(given, model, place, problems)
    if weight is None:
        raise InputError.of(problems)
    return weight


def _policy_given(file: File) -> tuple[Mapping[Any, Any], Where]:
    if file.kind not in (Kind.yaml, Kind.json):
        from rlcalc.readers.models.transitions import read_policy

        return read_policy(file), lambda path: file.at(".".join(map(shown, path[1:])))
    value, where = parsed(file, keys=3)
    if isinstance(value, dict) and "rows" in value and "facts" in value:  # what --json writes
        return _policy_rows(value["rows"], file), where
    bare = isinstance(value, dict) and "policy" not in value
    whole = {"policy": value} if bare else value
    if isinstance(whole, dict):
        whole = {key: part for key, part in whole.items() if key in ("name", "policy")}

    def place(path: tuple[int | str, ...]) -> str:
        return where(path[1:] if bare else path)

    try:
        return adapter("policy").validate_python(whole).policy, place
    except ValidationError as error:
        raise InputError.of(faults(error, place)) from error


def twice_in_policy(state: object, action: object, where: str) -> InputError:
    """Say that a policy gives two probabilities for one action."""
    return InputError(
        f"action '{shown(action)}' stands twice in state '{shown(state)}'",
        where,
        "a policy has one probability for each; of values by steps to go, choose one step",
    )


def _policy_rows(rows: list[dict[str, Any]], file: File) -> dict[Any, dict[Any, float]]:
    given: dict[Any, dict[Any, float]] = {}
    try:
        for row in rows:
            choices = given.setdefault(row["state"], {})
            if row["action"] in choices:
                raise twice_in_policy(row["state"], row["action"], file.at())
            choices[row["action"]] = float(row["pi"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            "its rows have no state, action and pi", file.at(), "give what solve --json writes"
        ) from error
    return given


MOST_FAULTS = 5
"""Faults of a policy after which the rest is not looked at: it may have a million states."""
NAMED_POLICIES = ("optimal", "greedy", "uniform", "spec", "epsilon", "softmax")


def named_policy(asked: Any, mdp: MDP) -> str | Policy:
    """Return a policy by its name, or from its file if it is no name.

    Raises:
        InputError: it is neither, or the file does not belong to the model.
    """
    if isinstance(asked, Policy):
        return asked
    source = os.fspath(asked)
    if source.partition(":")[0] in NAMED_POLICIES:
        return "optimal" if source == "greedy" else source
    near = nearest(source, NAMED_POLICIES)
    if near and not os.path.exists(source):
        raise InputError(f"there is no policy {shown(source)}", fix=f"did you mean {near}?")
    return Policy(load_policy(source, mdp, Options()), os.path.basename(source))


def codes_of(names: Sequence[str], labels: Labels) -> list[int]:
    """Return the numbers of states that a user names.

    Raises:
        InputError: one of them is unknown; the nearest is named.
    """
    for name in names:
        if name not in labels:
            raise InputError.of([_unknown("state", name, labels, "")])
    return [labels.code(name) for name in names]


_COMMA = re.compile(r",(?![^()]*\))")
"""A comma that does not stand in a name like (0,1)."""


def states_asked(mdp: MDP, states: str | None, *, start_only: bool) -> list[int] | None:
    """Return the numbers of the states whose rows are wanted; None is all.

    Raises:
        InputError: an unknown state, or no start is known.
    """
    if states is not None and start_only:
        raise UsageError("--states and --start-only do not go together", fix="leave one out")
    if states is not None and not states.strip(", "):
        raise UsageError("--states names none", fix="write --states A,B")
    if states is not None:
        return codes_of([name.strip() for name in _COMMA.split(states) if name.strip()], mdp.states)
    if not start_only:
        return None
    if mdp.start is None:
        raise InputError(
            "the model does not say where it starts",
            fix="add start: STATE to it, or name states with --states",
        )
    return [int(state) for state in np.flatnonzero(mdp.start)]
