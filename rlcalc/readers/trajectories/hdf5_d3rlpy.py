"""Dumps of d3rlpy (`ReplayBuffer.dump`): arrays with the number of their trajectory in the name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import InputError, shown
from rlcalc.readers.column_names import FLAT_NAMES
from rlcalc.readers.hdf5 import node_at
from rlcalc.readers.sources import File
from rlcalc.readers.trajectories.hdf5_columns import Leaf, Part, Recording, StepColumn
from rlcalc.readers.trajectories.hdf5_leaves import (
    computed,
    is_dataset,
    key_of_parts,
    leaf_of,
    length_of,
    no_rewards,
    no_steps,
)

if TYPE_CHECKING:
    from h5py import Dataset, Group

VERSION = "2.1"


def is_numbered(root: Group) -> bool:
    """Return whether a file is such a dump."""
    return {"num_episodes", "columns", "version"} <= set(root)


def numbered_arrays(root: Group, file: File) -> Recording:
    """Return the trajectories of a dump; the state after the last step is not in it.

    Raises:
        InputError: the version is not one that is known, or an array is missing.
    """
    version = _text(node_at(root, "version", file))
    if version != VERSION:
        raise InputError(
            f"this is a dump of d3rlpy of version {shown(version)}, and {VERSION} is read",
            file.at(),
            "load it with the d3rlpy that wrote it, and dump it with a newer one",
        )
    names = map(_as_text, node_at(root, "columns", file)[()])
    table = {name: StepColumn(leaves) for name in names if (leaves := _leaves(root, name, file))}
    if "rewards" not in table or not is_dataset(node_at(root, "terminated_0", file)):
        raise no_rewards(root, file)
    ends = {
        "terminated": computed(lambda part: _end(part, file), bool),
        "truncated": computed(lambda part: _end(part, file, terminated=False), bool),
    }
    total = int(node_at(root, "num_episodes", file)[()])
    return Recording({**key_of_parts("episode"), **table, **ends}, _parts(root, total, file))


def _parts(root: Group, total: int, file: File) -> Iterator[Part]:
    for number in range(total):
        name = f"rewards_{number}"
        own = node_at(root, name, file)
        if not is_dataset(own):
            what = f"there are {total:,} episodes, and this one is missing"
            raise InputError(what, file.at(name), "write the file anew")
        if not length_of(own):
            raise no_steps(name, file)
        yield Part(root, name, number, 0, length_of(own))


def _leaves(root: Group, name: str, file: File) -> dict[str, Leaf]:
    """Return the arrays of a column: one a trajectory, or several for observations of parts."""
    whole = node_at(root, f"{name}_0", file)
    if is_dataset(whole):
        return {"": _leaf(whole, name, "", file)} if whole.shape else {}
    leaves: dict[str, Leaf] = {}
    while is_dataset(one := node_at(root, f"{name}_0_{len(leaves)}", file)):
        leaves[str(len(leaves))] = _leaf(one, name, f"_{len(leaves)}", file)
    return leaves


def _leaf(dataset: Dataset, name: str, suffix: str, file: File) -> Leaf:
    is_choice = name == "actions" and dataset.dtype.kind in "iu"  # written as [T, 1]
    flat = name in FLAT_NAMES or is_choice
    return leaf_of(dataset, lambda part: f"{name}_{part.number}{suffix}", file, flat=flat, spare=0)


def _end(part: Part, file: File, *, terminated: bool = True) -> NDArray[Any]:
    """[N] whether a trajectory terminated with a step, or was truncated with it."""
    name = f"terminated_{part.number}"
    own = node_at(part.group, name, file)
    if not is_dataset(own) or own.size != 1:
        raise InputError("there is no flag of the end", file.at(name), "write the file anew")
    flags = np.zeros(len(part), dtype=bool)
    flags[-1] = part.is_last and bool(np.ravel(own[()])[0]) == terminated
    return flags


def _text(dataset: Any) -> str:
    return _as_text(dataset[()]) if is_dataset(dataset) and not dataset.shape else ""


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
