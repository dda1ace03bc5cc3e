"""From a source to trajectories, in batches of whole ones."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rlcalc.errors import Fault, InputError, shown
from rlcalc.labels import Labels
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.run_folders import kind_of_source
from rlcalc.readers.sources import no_library_errors, opened, resolve_files, shown_path
from rlcalc.readers.trajectories import FORMATS
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.trajectories import Experience, Trajectories, contradicting_probabilities

MODEL = "it may hold a model, for rlcalc solve; give trajectories, e.g. as Parquet"


def load(
    sources: Sequence[str], request: ReadRequest, *, collect_faults: bool = False
) -> Experience:
    """Return the trajectories of some sources, which are read as they are asked for.

    Args:
        sources: paths, globs, folders, `-` or names of shipped specs.
        request: how to read them.
        collect_faults: go on when something is wrong, and collect what it is.

    Raises:
        InputError: a source is not there (at once), or is not as it should be (while it is read).
    """
    experience = Experience(iter(()), Labels(), Labels(), faults=[] if collect_faults else None)
    try:
        files = resolve_files(list(sources))
        batches = _or_rollouts(
            batches_of(files, ReaderContext(experience, request)), sources, experience, request
        )
    except InputError as error:  # a trainer's reader may know the files of a folder
        files, batches = [], _rollouts(sources, experience, request, error)
    names = [shown(shown_path(file)) for file in files[:3] or sources]
    experience.batches = _read(batches, experience, ", ".join(names))
    return experience


def _read(
    batches: Iterator[Trajectories], experience: Experience, name: str
) -> Iterator[Trajectories]:
    any_yet = False
    for batch in counted_batches(batches, experience):
        any_yet = True
        yield batch
    experience.note_oddities()
    if not any_yet and not experience.faults:
        experience.fault(Fault("there are no trajectories", name, fix="give at least one step"))


def counted_batches(
    batches: Iterator[Trajectories], experience: Experience
) -> Iterator[Trajectories]:
    """Yield the batches that are not empty, after a look for contradictions in them."""
    for batch in batches:
        experience.count_oddity("contradictory_probabilities", contradicting_probabilities(batch))
        if len(batch):
            yield batch


def _or_rollouts(
    batches: Iterator[Trajectories],
    sources: Sequence[str],
    experience: Experience,
    request: ReadRequest,
) -> Iterator[Trajectories]:
    """Read sources as steps, or as the rollouts of a trainer where they are these."""
    try:
        yield from batches
    except InputError as error:
        yield from _rollouts(sources, experience, request, error)


def _rollouts(
    sources: Sequence[str], experience: Experience, request: ReadRequest, failure: InputError
) -> Iterator[Trajectories]:
    """Return the rollouts of a trainer as trajectories of one step.

    Raises:
        InputError: `failure`, where they are not these, or are to be read as steps.
    """
    explicit = request.columns or request.one_step or request.order_by or request.kind
    if explicit or experience.n_rows or experience.faults is not None:
        raise failure
    from rlcalc.readers.rollouts import detect  # with Polars, and seldom

    form = detect.trainer_of(sources, request.max_size)
    if form is None:
        raise failure
    from rlcalc.readers.rollouts import as_trajectories

    return iter([as_trajectories.read(sources, form, experience, request)])


def batches_of(files: list[str], context: ReaderContext) -> Iterator[Trajectories]:
    """Yield the trajectories of files one after the other, as they are read."""
    before: str | None = None
    for name in files:
        request = context.request
        if (form := kind_of_source(name)) is not None:  # which `load` reads as rollouts
            what = f"these are runs of {form}, which are not read as steps here"
            raise InputError(what, shown(name, 200), "leave out --engine, --partial and --from")
        source = opened(name, request.kind, request.max_size)
        with _collected(context.experience), source as file:
            if file.kind not in context.experience.kinds:
                context.experience.kinds.append(file.kind)
            if before and file.kind != before:
                yield from context.rest()  # only files of one kind go on in each other
            before = file.kind
            if file.kind not in FORMATS:
                raise InputError(f"trajectories are in no {file.kind} file", file.at(), MODEL)
            module = importlib.import_module(f"rlcalc.readers.trajectories.{FORMATS[file.kind]}")
            yield from module.read(file, context)
    names = ", ".join(map(shown_path, files[:3]))
    with _collected(context.experience), no_library_errors("steps", names):
        yield from context.rest()


@contextmanager
def _collected(experience: Experience) -> Iterator[None]:
    """Where faults are collected, those that end the reading of a file are collected too."""
    try:
        yield
    except InputError as error:
        if experience.faults is None:
            raise
        experience.faults += error.faults


def load_frame(frame: Any, request: ReadRequest, *, collect_faults: bool = False) -> Experience:
    """Return the trajectories of a Polars frame, with one step a row or one trajectory a row."""
    from rlcalc.readers.trajectories.parquet import frames

    experience = Experience(iter(()), Labels(), Labels(), faults=[] if collect_faults else None)
    context = ReaderContext(experience, request)

    def batches() -> Iterator[Trajectories]:
        with _collected(experience), no_library_errors("frame", "the frame"):
            yield from frames(frame.lazy(), "the frame", context)
            yield from context.rest()

    experience.batches = _read(batches(), experience, "the frame")
    return experience
