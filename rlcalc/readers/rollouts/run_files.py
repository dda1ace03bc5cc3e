"""Runs of agents that are a file or a folder each: read together, as the samples of an archive are.

A folder of runs counts as one file, whose rows are the runs in the order of their names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from rlcalc.errors import InputError, listed, shown
from rlcalc.natural_order import natural_order
from rlcalc.readers import json as json_reader
from rlcalc.readers.rollouts import dumps
from rlcalc.readers.rollouts.dumps.harbor import TRAJECTORIES
from rlcalc.readers.run_folders import (
    RESULT,
    RESULTS,
    RUN_FILES,
    SIMULATIONS,
    TRAJECTORY,
    is_of_harbor,
    result_of,
)
from rlcalc.readers.sources import LARGEST_DOCUMENT

if TYPE_CHECKING:
    from rlcalc.readers.rollouts.builder import RolloutsBuilder

CHUNK = 1 << 10
"""Runs that are read at a time."""


def read(path: str, form: str, builder: RolloutsBuilder) -> None:
    """Let a builder take in the runs of a folder, or the one of a file.

    Raises:
        InputError: a file is not as it should be.
    """
    dump = dumps.named(form)
    builder.require_format(form, shown(path), dump.module)
    places: list[str] = []
    unended: list[str] = []
    records = records_of(path, form, places, unended, turns=builder.request.turns)
    before = -1
    while before < len(places):
        before = len(places)
        builder.records(
            dump.module, islice(records, CHUNK), partial(_place, path, places, before), places
        )
    if unended:
        n = len(unended)
        builder.note(
            f"{n:,} {'trial has' if n == 1 else 'trials have'} no {RESULT} yet, and left out: "
            f"{listed(unended[:3], 3, n)}"
        )
    if not places:
        raise InputError(f"there are no runs of {form}", shown(path), "see whether they have ended")


def _place(path: str, places: list[str], before: int, place: int) -> str:
    return shown((places[before + place :][:1] or [path])[0], 200)


def records_of(
    path: str, form: str, places: list[str], unended: list[str], *, turns: bool
) -> Iterator[Mapping[str, Any]]:
    """Yield the runs of a folder or file, after the path of each was added to the places.

    Args:
        path: of the folder or file.
        form: whose runs they are.
        places: grows with the paths of the files.
        unended: grows with the names of trials without a result.
        turns: whether what the agent did is needed.
    """
    if form == "harbor":
        for file in _results(path):
            places.append(file)
            try:
                record = document(file)
            except FileNotFoundError:
                trial = os.path.dirname(places.pop())
                unended += [os.path.basename(trial)] if os.path.isdir(f"{trial}/agent") else []
                continue
            yield _with_trajectories(record, file) if turns else record
        own = os.path.join(_folder_of(path), RESULT)
        if not places and os.path.isfile(own):
            places.append(own)
            yield document(own)
        return
    if form == "tau2-bench":
        folder = _folder_of(path)
        about = document(os.path.join(folder, RESULTS))
        for file in _files_in(os.path.join(folder, SIMULATIONS), ".json"):
            places.append(file)
            yield {**about, "simulations": [document(file)]}
        return
    for file in _trajectories(path):
        places.append(file)
        yield document(file)


def document(path: str) -> dict[str, Any]:
    """Return the mapping that a file of JSON holds.

    Raises:
        FileNotFoundError: it is not there.
        InputError: it is too large, not UTF-8, not JSON or not a mapping.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            data = file.read() if os.fstat(file.fileno()).st_size <= LARGEST_DOCUMENT else None
    except FileNotFoundError:
        raise
    except OSError as error:
        what = f"cannot read: {error.strerror}"
        raise InputError(what, shown(path), "see whether the file may be read") from error
    if data is None:
        what = f"the document is larger than {LARGEST_DOCUMENT >> 20} MB"
        raise InputError(what, shown(path), "leave out this run")
    if not data.strip():
        raise InputError("the file is empty", shown(path), "write it anew, or leave out this run")
    try:
        value = json_reader.value_of(data.decode("utf-8-sig"), shown(path, 200))
    except UnicodeDecodeError as error:
        what = f"byte {error.start:,} is not UTF-8"
        raise InputError(what, shown(path), "write it anew, or leave out this run") from error
    if not isinstance(value, dict):
        raise InputError("this is not a mapping", shown(path), "leave out this run")
    return value


def _results(path: str) -> Iterator[str]:
    """Yield where the results of trials are, if they have ended: of a job, or of a trial."""
    folder = _folder_of(path)
    own = os.path.join(folder, RESULT)
    if is_of_harbor(own, trial=True):
        yield own
        return
    for one in _folders_in(folder):
        yield f"{one}{os.sep}{RESULT}"


def _folder_of(path: str) -> str:
    """Return the folder of the runs that a source names: itself, or where its file stands."""
    path = result_of(path) if os.path.basename(path) == TRAJECTORY else path
    return path if os.path.isdir(path) else os.path.dirname(path) or "."


def _with_trajectories(record: dict[str, Any], file: str) -> dict[str, Any]:
    """Return the result of a trial with its trajectories, one a step of a task with several."""
    folder = os.path.dirname(file)
    paths = {"": os.path.join(folder, "agent", "trajectory.json")}
    steps = record.get("step_results")
    for step in steps if isinstance(steps, list) else ():
        name = str(step.get("step_name")) if isinstance(step, dict) else ""
        paths[name] = _below(folder, os.path.join("steps", name, "agent", "trajectory.json"))
    there = {name: list(_continued(path)) for name, path in paths.items()}
    return {**record, TRAJECTORIES: there}


def _continued(path: str) -> Iterator[dict[str, Any]]:
    """Yield the trajectory of a file, if it is there, and those in which it is continued."""
    folder, seen = os.path.dirname(path), set[str]()
    while os.path.isfile(path) and path not in seen:
        seen.add(path)
        trajectory = document(path)
        yield trajectory
        path = _below(folder, str(trajectory.get("continued_trajectory_ref") or ""))


def _below(folder: str, path: str) -> str:
    """Return where a file stands whose path another file gives; none that is not in the folder."""
    inside = os.path.normpath(path)
    return "" if os.path.isabs(inside) or inside.startswith("..") else os.path.join(folder, inside)


def _trajectories(path: str) -> Iterator[str]:
    """Yield the trajectories of SWE-agent in a folder and in those in it."""
    if not os.path.isdir(path):
        yield path
        return
    for folder in (path, *_folders_in(path)):
        yield from _files_in(folder, *RUN_FILES)


def _files_in(folder: str, *endings: str) -> list[str]:
    with os.scandir(folder) as entries:
        names = [entry.path for entry in entries if entry.name.endswith(endings)]
    return sorted(names, key=natural_order)


def _folders_in(folder: str) -> list[str]:
    with os.scandir(folder) as entries:
        names = [entry.path for entry in entries if entry.is_dir()]
    return sorted(names, key=natural_order)
