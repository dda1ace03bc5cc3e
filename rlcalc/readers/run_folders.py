"""Folders in which the runs of an agent stand, each in several files or folders of its own.

Finds them by names and the first bytes of a result; what is read in them is for
`rlcalc.readers.rollouts.run_files`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import islice

from rlcalc.readers.addresses import is_address

RESULT, TRAJECTORY = "result.json", "trajectory.json"
RUN_FILES = (".traj", ".traj.json")
"""How the files of SWE-agent and of mini-swe-agent end."""
RESULTS, SIMULATIONS = "results.json", "simulations"
DATA = (".parquet", ".pq", ".arrow", ".csv", ".tsv", ".jsonl", ".npz", ".hdf5", ".h5")
PREDICTIONS = ("all_preds.jsonl", "preds.jsonl")
"""Files of data that SWE-agent writes beside its runs."""
LARGEST = 1 << 28
"""Bytes of a result in which its keys are looked for."""
LOOKED_AT = 20
"""Folders in a folder of runs in which a run is looked for."""


def files_of_runs(path: str, folders: Sequence[str], names: Sequence[str]) -> list[str] | None:
    """Return what is read in a folder of runs and of all below it; None: it is not one.

    Args:
        path: of the folder.
        folders: the names of those in it.
        names: of the files in it.
    """
    if {"output.jsonl", "metadata.json"} <= {*names}:
        return [os.path.join(path, "output.jsonl")]  # OpenHands, with logs of the model below
    if {RESULTS, "run_metadata.json"} <= {*names}:
        return [os.path.join(path, RESULTS)]  # terminal-bench, with a copy in each trial
    return None if kind_of_runs(path, folders, names) is None else [path]


def _is_of_tau2(folder: str) -> bool:
    data = _content(os.path.join(folder, RESULTS))
    return all(key in data for key in (b'"tasks"', b'"info"', b'"simulation'))


def kind_of_runs(path: str, folders: Sequence[str], names: Sequence[str]) -> str | None:
    """Return whose runs stand in a folder, if each is a file or a folder of its own."""
    if RESULTS in names and SIMULATIONS in folders:
        return "tau2-bench" if _is_of_tau2(path) else None
    if RESULT in names:
        return "harbor" if is_of_harbor(os.path.join(path, RESULT)) else None
    if any(name.endswith(RUN_FILES) for name in names):
        return "swe-agent"
    if any(name.endswith(DATA) and name not in PREDICTIONS for name in names):
        return None  # a folder of more than runs
    for inner in (os.path.join(path, name) for name in islice(sorted(folders), LOOKED_AT)):
        if is_of_harbor(os.path.join(inner, RESULT), trial=True):
            return "harbor"
        if any(name.endswith(RUN_FILES) for name in _names(inner)):
            return "swe-agent"
    return None


def kind_of_source(path: str) -> str | None:
    """Return whose runs a source holds that must not be read as one file alone; None: nobody's."""
    if path == "-" or is_address(path):
        return None
    if path.endswith(RUN_FILES):
        return "swe-agent"
    if os.path.basename(path) == RESULT:
        return "harbor" if is_of_harbor(path) else None
    if os.path.basename(path) == RESULTS:
        folder = os.path.dirname(os.path.abspath(path))
        is_parted = os.path.isdir(os.path.join(folder, SIMULATIONS))
        return "tau2-bench" if is_parted and _is_of_tau2(folder) else None
    if os.path.basename(path) == TRAJECTORY:
        return "harbor" if is_of_harbor(result_of(path), trial=True) else None
    if not os.path.isdir(path):
        return None
    with os.scandir(path) as entries:
        is_folder = {entry.name: entry.is_dir() for entry in entries}
    folders = [name for name in is_folder if is_folder[name]]
    return kind_of_runs(path, folders, [name for name in is_folder if not is_folder[name]])


def result_of(trajectory: str) -> str:
    """Return where the result of the trial stands whose trajectory a file is: TRIAL/agent/FILE."""
    return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(trajectory))), RESULT)


def is_of_harbor(path: str, *, trial: bool = False) -> bool:
    """Return whether a file is the result of a job or a trial of Harbor.

    Args:
        path: of the file, which need not be there.
        trial: a trial alone.
    """
    data = _content(path)
    if b'"n_total_trials"' in data and b'"stats"' in data:  # perhaps with a copy of all trials
        return not trial
    return b'"trial_name"' in data and b'"task_name"' in data


def _content(path: str) -> bytes:
    """Return the bytes of a file, as far as keys are looked for; none where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(LARGEST)
    except OSError:
        return b""


def _names(folder: str) -> Iterable[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
