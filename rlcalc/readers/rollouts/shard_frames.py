"""Rollouts of one file as frames, and frames of several files as rollouts.

What `RolloutsBuilder` knows after one file is kept beside its frames, so that the frames of many
files, read by different processes, become what one reading of all files gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import polars as pl

from rlcalc.errors import Fault, InputError, listed
from rlcalc.readers.rollouts import dumps
from rlcalc.readers.rollouts.builder import RolloutsBuilder
from rlcalc.readers.rollouts.load import left_out_note, read_file, step_of_name
from rlcalc.readers.rollouts.request import NoRollouts, RolloutRequest
from rlcalc.readers.sources import no_library_errors
from rlcalc.rollouts import Rollouts

KEPT = (
    "form", "first_file", "nested", "n_rows", "n_groups", "counts_groups", "grouped", "restart",
    "skipped", "notes", "characters", "evaluation", "empty", "status", "oddities",
)  # fmt: skip
"""What is kept of the state of a builder after one file."""


@dataclass(frozen=True)
class FileFrames:
    """The rollouts of one file: frames of the columns that a builder knows, and its state."""

    name: str
    folder: str  # the folder that was named as a source; empty: the file itself was
    frames: Sequence[pl.DataFrame] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    filters: Mapping[str, Any] = field(default_factory=dict)  # readings chosen, by task
    scores: Mapping[str, Any] = field(default_factory=dict)
    columns: Sequence[str] = ()  # that --where could name
    n_left_out: int = 0
    refused: Fault | None = None  # why the file, which is in a folder, holds no rollouts


def frames_of_file(name: str, folder: str, request: RolloutRequest) -> FileFrames:
    """Return the rollouts of a file.

    Args:
        name: of the file.
        folder: that was named as a source; empty: the file itself was.
        request: how to read it.

    Raises:
        InputError: it is not there, or is not as it should be; in a folder, files without rollouts
            are left out.
    """
    builder = RolloutsBuilder(request)
    try:
        read_file(name, builder)
    except NoRollouts as error:
        if not folder:
            raise
        return FileFrames(name, folder, refused=error.faults[0])
    builder.flush()
    if builder.snapshots.tables:
        raise InputError(
            "tables of a run may hold again what earlier ones hold, so none is read alone",
            name,
            "leave out --engine and --partial",
        )
    return FileFrames(
        name,
        folder,
        builder.frames,
        {one: getattr(builder, one) for one in KEPT},
        builder.readings.filters,
        builder.readings.scores,
        list(builder.filters.names),
        builder.filters.n_left_out,
    )


def rollouts_of_frames(files: Sequence[FileFrames], request: RolloutRequest) -> Rollouts:
    """Return the rollouts of files, which were read one by one.

    Args:
        files: in their order.
        request: how they were read.

    Raises:
        InputError: they are of different formats, there are no rollouts, or one stands there twice.
    """
    request.weight_of()
    builder = RolloutsBuilder(request)
    for folder, of_folder in groupby(files, key=lambda one: one.folder):
        _add_folder(builder, folder, list(of_folder))
    if builder.left_out:
        builder.note(left_out_note(builder.left_out))
    with no_library_errors("rollouts", listed([one.name for one in files[:3]])):
        return builder.finish()


def _add_folder(builder: RolloutsBuilder, folder: str, files: Sequence[FileFrames]) -> None:
    refused = [one.refused for one in files if one.refused is not None]
    if folder and len(refused) == len(files):
        raise InputError(refused[0].what, refused[0].where, refused[0].fix)
    for one in files:
        if one.refused is not None:
            builder.left_out.append(one.name)
        elif twin := builder.twin(one.name, step_of_name(one.name)):
            builder.note_twin(one.name, twin)
        else:
            _add_file(builder, one)


def _add_file(builder: RolloutsBuilder, file: FileFrames) -> None:
    """Let a builder know what another learnt from one file."""
    state = file.state
    builder.begin_file(file.name, step_of_name(file.name))
    form = state["form"]
    if form is not None:
        module = None if form == "trajectories" else dumps.named(form).module
        builder.require_format(form, state["first_file"], module)
    builder.frames += _renumbered(file, builder.n_groups)
    builder.frames_of[len(builder.files) - 1] = builder.since, len(builder.frames)
    for name in ("n_rows", "n_groups", "skipped"):
        setattr(builder, name, getattr(builder, name) + state[name])
    for name in ("grouped", "restart", "characters", "nested"):
        setattr(builder, name, state[name])
    if state["evaluation"] is not None:
        builder.evaluation = bool(state["evaluation"]) and builder.evaluation is not False
    builder.empty += state["empty"]
    builder.status |= state["status"]
    builder.oddities |= state["oddities"]
    for note in state["notes"]:
        builder.note(note)
    builder.readings.filters |= {task: tuple(names) for task, names in file.filters.items()}
    builder.readings.scores |= {task: tuple(names) for task, names in file.scores.items()}
    builder.filters.names |= dict.fromkeys(file.columns)
    builder.filters.n_left_out += file.n_left_out


def _renumbered(file: FileFrames, before: int) -> Iterator[pl.DataFrame]:
    """Yield frames whose groups, if they were counted, follow those of the files before."""
    counted = file.state["grouped"] == "runs" or file.state["counts_groups"]
    for frame in file.frames:
        if counted and before:
            kind = frame.schema["group"]
            number = pl.col("group").cast(pl.Int64) + before
            frame = frame.with_columns(number.cast(kind).alias("group"))
        yield frame
