"""Layouts of HDF5 files: which program wrote one, and where the steps stand in it.

| layout | where the steps stand |
|---|---|
| a group a trajectory | `episode_N` of Minari, `data/demo_N` of robomimic |
| numbered arrays | `rewards_N` of d3rlpy |
| a ring buffer | `_meta` of tianshou |
| flat arrays | D4RL, and whoever writes one array a column |
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import InputError
from rlcalc.readers.array_columns import is_plain
from rlcalc.readers.column_names import COLUMN_NAMES
from rlcalc.readers.hdf5 import datasets_of, names_of, node_at, require_room
from rlcalc.readers.sources import File
from rlcalc.readers.trajectories.array_steps import table_of_arrays
from rlcalc.readers.trajectories.buffer_names import Meaning
from rlcalc.readers.trajectories.hdf5_columns import Leaf, Part, Recording, StepColumn
from rlcalc.readers.trajectories.hdf5_d3rlpy import is_numbered, numbered_arrays
from rlcalc.readers.trajectories.hdf5_leaves import (
    computed,
    fields_of,
    fits,
    is_dataset,
    is_group,
    key_of_parts,
    leaf_of,
    length_of,
    no_rewards,
    no_steps,
    reward_of,
    state_of,
    table_of,
    without_other_states,
)
from rlcalc.readers.trajectories.hdf5_tianshou import ring

if TYPE_CHECKING:
    from h5py import Dataset, Group

NUMBERED = re.compile(r"(.*?)([0-9]{1,18})")
NO_TIMEOUTS = (
    "there are terminals and no timeouts: an episode that a time limit ended goes on in the next "
    "one"
)


def recording_of(
    root: Group, file: File, columns: Mapping[str, str], done: Meaning | None = None
) -> Recording:
    """Return the steps of a file.

    Args:
        root: of the file.
        file: that it is.
        columns: the field of a step → the path of its array, where the user names one.
        done: what `dones` mean in a buffer [T, N].

    Raises:
        InputError: they stand in no place that is known, or in other files.
    """
    if is_group(node_at(root, "_meta", file)):
        return ring(root, file, columns)
    if is_numbered(root):
        return numbered_arrays(root, file)
    if (episodes := _episodes(root, file)) is not None:
        return _groups(*episodes, file, columns)
    return _flat(_home_of_rewards(root, file, columns), file, columns, done)


def _episodes(root: Group, file: File) -> tuple[Group, list[str]] | None:
    """Return the group whose groups are trajectories, and their names in order."""
    for path in ("", "data"):
        home = node_at(root, path, file) if path else root
        if not is_group(home):
            continue
        families: dict[str, list[tuple[int, str]]] = {}
        for name in names_of(home):
            if match := NUMBERED.fullmatch(name):
                families.setdefault(match[1], []).append((int(match[2]), name))
        family = max(families.values(), key=len, default=[])
        family.sort()
        if family and is_group(node_at(home, family[0][1], file)):
            return home, [name for _, name in family]
    return None


def _groups(home: Group, names: list[str], file: File, columns: Mapping[str, str]) -> Recording:
    """Return trajectories that are a group each: observations have an entry more, or not."""
    first = node_at(home, names[0], file)
    arrays = datasets_of(first, file)
    reward = reward_of(list(arrays), columns)
    if reward is None:
        raise no_rewards(first, file)
    n_steps = length_of(arrays[reward])
    fields = fields_of(path for path, one in arrays.items() if fits(path, one, n_steps, 1))
    table = table_of(fields, arrays, file, spare=1)

    def entry(paths: Mapping[str, str], at_end: int) -> StepColumn:
        leaves = {f: leaf_of(arrays[path], path, file, at_end=at_end) for f, path in paths.items()}
        return StepColumn(leaves, at_ends=True)

    following = [name for name in table if name.lower() in COLUMN_NAMES["next_state"]]
    for name in following:  # only the state after the last step is not known otherwise
        table[name] = entry(fields[name], -1)
    paths = fields.get(state_of(table, columns), {})
    if paths and not following and all(length_of(arrays[p]) > n_steps for p in paths.values()):
        table["next_state"] = entry(paths, 0)
    numbers = [int(name[len(name.rstrip(DIGITS)) :]) for name in names]
    if len(set(numbers)) < len(numbers):  # such as 1 and 01
        numbers = list(range(len(names)))

    def parts() -> Iterator[Part]:
        for number, name in zip(numbers, names, strict=True):
            group = node_at(home, name, file)
            own = node_at(group, reward, file) if is_group(group) else None
            if not is_dataset(own):
                raise InputError(f"there are no {reward}", file.at(name), "write them for each")
            if not length_of(own):
                raise no_steps(name, file)
            yield Part(group, name, number, 0, length_of(own))

    key = key_of_parts("episode", table)
    return Recording({**key, **without_other_states(table, columns)}, parts())


DIGITS = "0123456789"


def _home_of_rewards(root: Group, file: File, columns: Mapping[str, str]) -> Group:
    """Return the group of flat arrays: the root, or the only one in it that has rewards.

    Raises:
        InputError: none has, or several have.
    """
    if reward_of(names_of(root), columns) or columns.get("reward", "").count("/"):
        return root
    groups = [node_at(root, name, file) for name in names_of(root)[:MOST_GROUPS]]
    homes = [one for one in groups if is_group(one) and reward_of(names_of(one), columns)]
    if len(homes) != 1:
        raise no_rewards(root, file)
    return homes[0]


MOST_GROUPS = 1000


def _flat(home: Group, file: File, columns: Mapping[str, str], done: Meaning | None) -> Recording:
    """Return the steps of arrays with one entry a step."""
    arrays = datasets_of(home, file)
    reward = reward_of(list(arrays), columns)
    if reward is None:
        raise no_rewards(home, file)
    n_steps = length_of(arrays[reward])
    if arrays[reward].ndim > 1 and arrays[reward].shape[1] > 1:
        return _of_environments(arrays, home, file, columns, done)
    fields = fields_of(path for path, one in arrays.items() if fits(path, one, n_steps, 0))
    table = table_of(fields, arrays, file, spare=0)
    notes = []
    if {"terminals", "episode_terminals"} <= table.keys() and "timeouts" not in table:
        table["timeouts"] = _timeouts(table)  # of d3rlpy 1
    if "terminals" in table and not table.keys() & {*COLUMN_NAMES["truncated"]}:
        notes = [NO_TIMEOUTS]
    table = without_other_states(table, columns)
    whole = Part(home, "", 0, 0, n_steps)
    return Recording(table, iter([whole]), n_steps, is_exact=False, notes=notes)


def _of_environments(
    arrays: Mapping[str, Dataset],
    home: Group,
    file: File,
    columns: Mapping[str, str],
    done: Meaning | None,
) -> Recording:
    """Return the steps of a buffer [T, N], which is read as a whole."""
    plain = {path: one for path, one in arrays.items() if is_plain(one.dtype)}
    require_room(sum(one.nbytes for one in plain.values()), home, file)
    whole = {path: np.asarray(one[()]) for path, one in plain.items()}
    table, notes = table_of_arrays(whole, file.at(), columns, done)

    def leaf(array: NDArray[Any]) -> Leaf:
        return Leaf(array.dtype, array.shape[1:], lambda part: array[part.begin : part.end])

    n_steps = len(next(iter(table.values())))
    return Recording(
        {name: StepColumn({"": leaf(array)}) for name, array in table.items()},
        iter([Part(home, "", 0, 0, n_steps)]),
        n_steps,
        notes=notes,
    )


def _timeouts(table: Mapping[str, StepColumn]) -> StepColumn:
    """Return where an episode ends without a terminal."""
    terminal, end = (table[name].leaves[""].read for name in ("terminals", "episode_terminals"))
    return computed(lambda part: (end(part) != 0) & (terminal(part) == 0), bool)
