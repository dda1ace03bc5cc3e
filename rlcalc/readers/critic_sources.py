"""Sources of a critic's values: steps, a buffer of arrays (read here), or lists of tokens."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import Fault, InputError, RlcalcError, shown
from rlcalc.labels import Labels
from rlcalc.readers.column_names import COLUMN_NAMES
from rlcalc.readers.in_memory import frame_of
from rlcalc.readers.npz import arrays_of, opened_archive
from rlcalc.readers.sources import COLUMNAR, File, opened, resolve_files
from rlcalc.readers.tokens.names import TOKEN_NAMES
from rlcalc.readers.trajectories.buffer_names import Meaning, is_buffer
from rlcalc.readers.trajectories.buffers import trajectories_of_arrays
from rlcalc.trajectories import Experience, Trajectories, concatenate

Kind = Literal["steps", "buffer", "tokens"]

BUFFER = ("a buffer", "rewards, values and dones")
"""What an npz file of a buffer holds, for errors."""
OF_STEPS = ("terminated", "truncated", "done", "next_value", "next_state", "is_first", "is_last")
"""What tells of lists that they are a trajectory of an environment, not a model's answer."""


def kind_of(sources: Sequence[str], max_size: int | None = None) -> Kind:
    """Return the kind of the first file; standard input, which cannot be read twice, has steps.

    Raises:
        InputError: an npz file is damaged.
    """
    name = None
    with contextlib.suppress(RlcalcError):
        name = next(iter(resolve_files(list(sources))), None)
    if name is None or name == "-":
        return "steps"
    try:
        with opened(name, None, max_size) as file:
            if file.kind == "npz":
                with opened_archive(file, *BUFFER) as archive:
                    return kind_of_names(archive.files)
            return "tokens" if is_tokens(_record(file)) else "steps"
    except InputError:
        if name.endswith(".npz"):
            raise
        return "steps"  # its reader tells what is wrong


def kind_of_names(names: Collection[str]) -> Kind:
    """Return the kind of arrays of these names: a mask makes them tokens."""
    lower = {name.lower() for name in names}
    if lower & set(TOKEN_NAMES["mask"]):
        return "tokens"
    return "buffer" if is_buffer(names) else "steps"


def kind_of_frame(source: Any) -> Kind:
    """Return the kind of a table in memory."""
    frame = frame_of(source)
    if frame is None:
        return "steps"
    from rlcalc.readers.trajectories.step_table import is_list

    schema = frame.lazy().collect_schema()
    return (
        "tokens" if is_tokens({name: is_list(kind) for name, kind in schema.items()}) else "steps"
    )


def is_tokens(record: Mapping[str, bool]) -> bool:
    """Return whether a row is a rollout of a language model, with a list of V of its tokens.

    Args:
        record: the column → whether it holds lists.
    """
    lower = {name.lower(): is_list for name, is_list in record.items()}
    values = (*TOKEN_NAMES["value"], *TOKEN_NAMES["old_value"])
    if not any(lower.get(name) for name in values):
        return False
    if any(lower.get(name) for name in TOKEN_NAMES["mask"]):
        return True
    of_steps = [name for field in OF_STEPS for name in COLUMN_NAMES[field]]
    lists = [name for field in ("state", "action") for name in COLUMN_NAMES[field]]
    return not (lower.keys() & set(of_steps) or any(lower.get(name) for name in lists))


def _record(file: File) -> dict[str, bool]:
    """Return the columns of a file, and whether each holds lists."""
    if file.kind in COLUMNAR:
        from rlcalc.readers.trajectories.parquet import scan, whole
        from rlcalc.readers.trajectories.step_table import is_list

        with whole(file):
            schema = scan(file).collect_schema()
        return {name: is_list(kind) for name, kind in schema.items()}
    if file.kind not in ("json", "jsonl"):
        return {}
    from rlcalc.readers import json as json_reader
    from rlcalc.readers.sources import decoded

    content = file.stream.read() if file.kind == "json" else file.stream.readline()
    value = json_reader.value_of(decoded(content, 1, file), file.at(), 1)
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return {}
    return {
        str(name): isinstance(cell, list) and not any(isinstance(one, list | dict) for one in cell)
        for name, cell in value.items()
    }


def buffer_to_check(
    paths: list[str], columns: Mapping[str, str], max_size: int | None
) -> Experience | None:
    """Return the experience of a buffer, with its faults; None: the source is something else."""
    if not paths or not paths[0].endswith(".npz"):
        return None
    try:
        if kind_of(paths, max_size) != "buffer":
            return None
    except InputError:
        return None  # the reader of models tells what is wrong
    try:
        experience = buffer_of(paths, None, dict(columns), max_size)
    except InputError as error:
        return Experience(iter(()), Labels(), Labels(), faults=list(error.faults))
    experience.kinds.append("npz")
    return experience


def buffer_of(
    source: Any,
    done: Meaning | None,
    columns: dict[str, str],
    max_size: int | None = None,
    *,
    batch_first: bool = False,
) -> Experience:
    """Return the trajectories of arrays [T, N], those of several files after each other.

    Args:
        source: the arrays by name, or the paths of npz files, each of which is cut at its end.
        done: what a done tells of; None: the default of `trajectories_of_arrays`.
        columns: the field → the name of its array.
        max_size: bytes that a file may unpack to.
        batch_first: as in `trajectories_of_arrays`.

    Raises:
        InputError: the arrays are not a buffer, or two files have different discount factors.
    """
    if isinstance(source, Mapping):
        buffers = {"the arrays": source}
    else:
        buffers = {}
        for path in resolve_files(list(source)):
            with opened(path, None, max_size) as file:
                buffers[file.at()] = arrays_of(file, *BUFFER)
    batches: list[Trajectories] = []
    gammas: dict[str, float | None] = {}
    notes: list[str] = []
    stems = {where: PurePath(where).stem for where in buffers}
    n_rows = 0
    for where, buffer in buffers.items():
        arrays = {name: np.asarray(array) for name, array in buffer.items()}
        batch, more = trajectories_of_arrays(arrays, where, done, columns, batch_first=batch_first)
        notes += [note for note in more if note not in notes]
        if len(buffers) > 1:
            assert batch.row is not None
            assert batch.name is not None
            stem = stems[where] if len({*stems.values()}) == len(stems) else where
            names = [f"{shown(stem)}, {name}" for name in batch.name]
            batch = replace(batch, row=batch.row + n_rows, name=names)
        batches.append(batch)
        n_rows += batch.n_steps
        gammas[where] = _gamma_of(arrays)
    experience = Experience.of(concatenate(batches), next(iter(gammas.values())))
    experience.disagreement = _disagreement(gammas)
    experience.notes += notes
    experience.n_rows = n_rows
    experience.facts["buffers"] = len(buffers)
    return experience


def _gamma_of(arrays: Mapping[str, NDArray[Any]]) -> float | None:
    gamma = arrays.get("gamma")
    known = gamma is not None and gamma.size == 1 and gamma.dtype.kind in "iuf"
    return float(gamma.item()) if known and gamma is not None else None


def _disagreement(gammas: Mapping[str, float | None]) -> Fault | None:
    """Return the fault of two files with different discount factors."""
    (first, gamma), *others = gammas.items()
    for where, other in others:
        if other != gamma:
            return Fault(
                f"gamma is {_number(other)}, and {_number(gamma)} in {first}",
                where,
                "use --gamma to give one for all",
            )
    return None


def _number(gamma: float | None) -> str:
    return "not given" if gamma is None else f"{gamma:g}"
