"""Readers: from a source to trajectories, in batches of whole ones. One file a format."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rlcalc.errors import Fault, InputError, shown
from rlcalc.readers.reading import Reading
from rlcalc.readers.sources import Options, found, opened
from rlcalc.trajectories import Experience, Labels, Trajectories
from rlcalc.vocabulary import Kind

FORMATS = {
    Kind.yaml: "documents",
    Kind.json: "documents",
    Kind.jsonl: "jsonl",
    Kind.csv: "csv",
    Kind.tsv: "csv",
    Kind.parquet: "parquet",
    Kind.arrow: "parquet",
}
"""The file of this folder that reads each format: a module with read(file, reading)."""
NPZ = "it may hold a model, for rlcalc solve; give trajectories, e.g. as Parquet"


def load(sources: Sequence[str], options: Options, *, collect_faults: bool = False) -> Experience:
    """Return the trajectories of some sources, which are read as they are asked for.

    Args:
        sources: paths, globs, folders, `-` or names of shipped specs.
        options: how to read them.
        collect_faults: go on when something is wrong, and collect what it is.

    Raises:
        InputError: a source is not there (at once), or is not as it should be (while it is read).
    """
    experience = Experience(iter(()), Labels(), Labels(), faults=[] if collect_faults else None)
    files = found(list(sources))
    batches = _no_rollouts(_every_batch(files, Reading(experience, options)), sources, experience)
    experience.batches = _read(batches, experience, ", ".join(map(shown, files[:3])))
    return experience


def _read(
    batches: Iterator[Trajectories], experience: Experience, name: str
) -> Iterator[Trajectories]:
    any_yet = False
    for batch in batches:
        any_yet = any_yet or len(batch) > 0
        yield from [batch] if len(batch) else []
    if not any_yet and not experience.faults:
        experience.fault(Fault("there are no trajectories", name))


def _no_rollouts(
    batches: Iterator[Trajectories], sources: Sequence[str], experience: Experience
) -> Iterator[Trajectories]:
    """Say so where sources that cannot be read as trajectories are rollouts of some trainer."""
    try:
        yield from batches
    except InputError as error:
        from rlcalc.readers.rollout_sniffing import trainer_of  # with Polars, and seldom

        form = None if experience.n_rows else trainer_of(sources)
        if form is None:
            raise
        what = f"these are rollouts of {form}, and no trajectories: {error.faults[0].what}"
        fix = "rlcalc group reads them; where a row is a rollout, --one-step and --columns "
        fix += "state=PROMPT,action=RESPONSE,reward=REWARD make trajectories of one step of them"
        raise InputError(what, error.faults[0].where, fix) from error


def _every_batch(files: list[str], reading: Reading) -> Iterator[Trajectories]:
    before: Kind | None = None
    for name in files:
        with _collected(reading.experience), opened(name, reading.options.kind) as file:
            if file.kind not in reading.experience.kinds:
                reading.experience.kinds.append(file.kind)
            if before and file.kind != before:
                yield from reading.rest()  # only files of one kind go on in each other
            before = file.kind
            if file.kind not in FORMATS:
                raise InputError(f"trajectories are in no {file.kind} file", file.at(), NPZ)
            module = importlib.import_module(f"rlcalc.readers.{FORMATS[file.kind]}")
            yield from module.read(file, reading)
    with _collected(reading.experience):
        yield from reading.rest()


@contextmanager
def _collected(experience: Experience) -> Iterator[None]:
    """Where faults are collected, those that end the reading of a file are collected too."""
    try:
        yield
    except InputError as error:
        if experience.faults is None:
            raise
        experience.faults += error.faults


def load_frame(frame: Any, options: Options, *, collect_faults: bool = False) -> Experience:
    """Return the trajectories of a Polars frame, with one step a row or one trajectory a row."""
    from rlcalc.readers.parquet import frames

    experience = Experience(iter(()), Labels(), Labels(), faults=[] if collect_faults else None)
    reading = Reading(experience, options)

    def batches() -> Iterator[Trajectories]:
        with _collected(experience):
            yield from frames(frame.lazy(), "the frame", reading)
            yield from reading.rest()

    experience.batches = _read(batches(), experience, "the frame")
    return experience
