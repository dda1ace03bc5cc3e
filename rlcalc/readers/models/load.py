"""From a source to a model: documents, tables of transitions, and arrays of numpy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from rlcalc.documents import (
    ONLY_ACTION,
    EnvironmentDocument,
    ModelDocument,
    Where,
    adapter,
    document_faults,
)
from rlcalc.errors import InputError, listed, meant, nearest, shown
from rlcalc.mdp import MDP
from rlcalc.readers.column_names import MODEL_COLUMN_NAMES
from rlcalc.readers.models import FORMATS
from rlcalc.readers.models.documents import of_document
from rlcalc.readers.models.gym_table import is_gym_table, mdp_of_gym_table
from rlcalc.readers.places import parsed
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.sources import COLUMNAR, File, only_file, opened, resolve_files


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
    with opened(only_file(source), request.kind, request.max_size) as file:
        if file.kind in ("yaml", "json", "npz"):
            refuse_columns(request, file.at())
        if file.kind in ("yaml", "json"):
            value, place = parsed(file, keys=3)
            return model_of_document(value, settings or {}, place, file.at())
        if settings:
            raise no_parameters(settings, file.at())
        if file.kind in FORMATS:
            module = import_module(f"rlcalc.readers.models.{FORMATS[file.kind]}")
            model: MDP = module.read(file, request)
            return model
        from rlcalc.readers.models import transitions

        return transitions.read(file, request)


def no_parameters(settings: Mapping[str, Any], where: str) -> InputError:
    """Return the error of --set for what has no parameters."""
    return InputError(
        f"--set {shown(next(iter(settings)))}: a table has no parameters",
        where,
        "only documents have, and environments",
    )


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
        with opened(files[0], request.kind, request.max_size) as file:
            if file.kind in ("yaml", "json"):
                value, _ = parsed(file)
                return is_gym_table(value) or (
                    isinstance(value, dict)
                    and (isinstance(value.get("states"), dict) or "environment" in value)
                )
            if file.kind == "npz":
                return _has_model(file, request)
            return file.kind in FORMATS or _has_transitions(file)
    except InputError:
        return False  # who reads it will say what is wrong


def _has_model(file: File, request: ReadRequest) -> bool:
    """Return whether an archive of arrays holds a model, and not steps."""
    from rlcalc.readers.npz import opened_archive
    from rlcalc.readers.trajectories.array_steps import holds_steps

    with opened_archive(file, "a model", "P and R") as archive:
        return not holds_steps(archive.files, request.columns)


def _has_transitions(file: File) -> bool:
    """Return whether a table has the columns of outcomes: only these have probabilities."""
    if file.kind in ("csv", "tsv"):
        from rlcalc.readers.csv_header import header_of

        names = header_of(file.stream.read(1 << 20), file).names
    elif file.kind in COLUMNAR and file.path:
        from rlcalc.readers.trajectories.parquet import scan, whole

        with whole(file):
            names = scan(file).collect_schema().names()
    elif file.kind == "jsonl":
        names = _names_in_line(file.stream.readline(1 << 20))
    else:
        return False
    lowered = {name.lower() for name in names}
    needed = (names for meaning, names in MODEL_COLUMN_NAMES.items() if meaning != "action")
    return all(lowered.intersection(names) for names in needed)


def _names_in_line(line: bytes) -> list[str]:
    """Return the keys of a line; none where it is not an object of JSON."""
    try:
        value = json.loads(line)
    except ValueError:
        return []
    return list(value) if isinstance(value, dict) else []


def path_in_mapping(path: tuple[Any, ...]) -> str:
    """Return where something stands in a mapping."""
    return f"the mapping{''.join(f'[{shown(repr(key))}]' for key in path)}"


def model_of_document(
    value: Any,
    settings: Mapping[str, Any],
    place: Where = path_in_mapping,
    at: str = "the mapping",
) -> MDP | EnvironmentDocument:
    """Return the model of a document, or the document itself where it names a world.

    Args:
        value: the document.
        settings: top-level parameters that are not to be what the document says.
        place: where a path of keys stands in its source.
        at: what errors call the source.

    Raises:
        InputError: it is not a model, or contradicts itself.
    """

    def where(path: tuple[Any, ...]) -> str:
        if path and path[0] in settings:
            return f"--set {shown(path[0])}"
        return place(_as_written(path, value))

    if is_gym_table(value):
        if settings:
            raise no_parameters(settings, at)
        return mdp_of_gym_table(value, where=lambda path: place(path) if path else at)
    if isinstance(value, dict):
        if "environment" in value:
            return EnvironmentDocument({**value, **settings}, where)
        _require_parameters(settings, where)
        value = {**value, **settings}
    if isinstance(value, dict) and "states" not in value:
        raise _not_a_model(value, at)
    try:
        document: ModelDocument = adapter("model").validate_python(value)
    except ValidationError as error:
        raise InputError.of(document_faults(error, where)) from error
    return of_document(document, where)


def _as_written(path: tuple[Any, ...], document: Any) -> tuple[Any, ...]:
    """Return a path without the action that `actions_of_state` put in."""
    if path[:1] != ("states",) or path[2:3] != (ONLY_ACTION,):
        return path
    state = document["states"].get(path[1])
    return path if isinstance(state, dict) and ONLY_ACTION in state else path[:2] + path[3:]


PARAMETERS = ("name", "gamma", "start", "policy", "grid")
"""What --set may change in a document that lists its states."""


def _require_parameters(settings: Mapping[str, Any], where: Where) -> None:
    unknown = [name for name in settings if name not in PARAMETERS]
    if unknown:
        raise InputError(
            f"unknown parameter {shown(unknown[0])}",
            where((unknown[0],)),
            meant(unknown[0], PARAMETERS) + f"known: {', '.join(PARAMETERS)}",
        )


def _not_a_model(document: dict[Any, Any], at: str) -> InputError:
    if "trajectories" in document or "rewards" in document:
        return InputError(
            "these are trajectories, not a model",
            at,
            "rlcalc estimate computes V, Q and A from trajectories; a model has states with "
            "their actions",
        )
    near = nearest("states", map(str, document))
    return InputError(
        "there are no states",
        at,
        (f"did you mean states by {shown(near)}? " if near else "add the key states; ")
        + f"given: {listed(document)}",
    )
