"""Arrays of HDF5 files → columns of steps: which are read, their names, what they must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import InputError, shown
from rlcalc.readers.array_columns import is_plain
from rlcalc.readers.column_names import COLUMN_NAMES, FLAT_NAMES
from rlcalc.readers.hdf5 import ArrayType, names_in, node_at, plain_rows
from rlcalc.readers.sources import File
from rlcalc.readers.trajectories.hdf5_columns import Leaf, Part, Read, StepColumn

if TYPE_CHECKING:
    from h5py import Dataset, Group


def is_group(node: Any) -> bool:
    """Return whether a node is a group."""
    return node is not None and not hasattr(node, "shape")


def is_dataset(node: Any) -> bool:
    """Return whether a node is an array."""
    return hasattr(node, "shape")


def reward_names(columns: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names that the rewards may have, in lower letters."""
    given = columns.get("reward")
    return (given.removeprefix("-").lower(),) if given else COLUMN_NAMES["reward"]


def reward_of(names: Sequence[str], columns: Mapping[str, str]) -> str | None:
    """Return the name of the array of rewards, if there is one."""
    by_lower = {name.lower(): name for name in reversed(names)}
    return next((by_lower[one] for one in reward_names(columns) if one in by_lower), None)


def leaf_of(
    dataset: Dataset,
    path: str | Callable[[Part], str],
    file: File,
    *,
    at_end: int | None = None,
    flat: bool = False,
    spare: int | None = None,
) -> Leaf:
    """Return an array of each group as a leaf.

    Args:
        dataset: in the first group; those in others must have rows of the same shape.
        path: of it, from the group of a part.
        file: that it stands in.
        at_end: one entry instead of the rows, counted from the one after the last row.
        flat: [N, 1] is read as [N].
        spare: how many entries may follow the last row of a trajectory; None: any number.
    """
    like = ArrayType.of(dataset)
    kind, shape = like.kind, like.shape
    named = path if callable(path) else lambda part: path
    drop = flat and shape == (1,)

    def refuse(part: Part) -> NDArray[Any]:
        what = f"{shown(named(part))} holds {unread}, which is not read"
        raise InputError(what, file.at(part.name), "write it as an array of numbers or text")

    def read(part: Part) -> NDArray[Any]:
        begin, end = part.begin, part.end
        if at_end is not None:
            begin, end = end + at_end, end + at_end + 1
        most = end + spare if part.is_last and spare is not None else None
        rows: NDArray[Any] | None = None
        if kind.kind != "O":
            rows = plain_rows(part.group, named(part), slice(begin, end), most, like)
        if rows is None:
            own, where = node_at(part.group, named(part), file), file.at(_name(part, named(part)))
            _require_like(own, kind, shape, where)
            _require_rows(own, end, most, where)
            rows = own.asstr(errors="replace")[begin:end] if kind.kind == "O" else own[begin:end]
        assert rows is not None
        return rows[:, 0] if drop else rows

    if (unread := unreadable(dataset)) is not None:
        return Leaf(np.dtype(object), (), refuse)
    chunk = (dataset.chunks or (0,))[0]
    return Leaf(kind, () if drop else shape, read, chunk if at_end is None else 0)


def _name(part: Part, path: str) -> str:
    return path if part.name in ("", path) else f"{part.name}: {path}"


def unreadable(dataset: Dataset) -> str | None:
    """Return what an array holds that cannot be a column; None: it can be one."""
    import h5py

    kind = dataset.dtype
    tag = dataset.attrs.get("__data_type__")  # of tianshou
    if tag is not None and str(tag) not in ("ndarray", "Tensor"):
        return "pickled objects"
    if is_plain(kind) or h5py.check_string_dtype(kind) is not None:
        return None
    if kind.names:
        return f"records of {len(kind.names)} fields"
    if h5py.check_ref_dtype(kind) is not None:
        return "references"
    if h5py.check_vlen_dtype(kind) is not None:
        return "lists of different lengths (such as encoded pictures)"
    return f"values of the type {kind}"


def _require_like(dataset: Any, kind: np.dtype[Any], shape: tuple[int, ...], where: str) -> None:
    """Refuse an array that is not as that of the first group is; integers may be floats there.

    Raises:
        InputError: it is missing, or has another type or shape.
    """
    if not hasattr(dataset, "shape") or not hasattr(dataset, "dtype"):
        raise InputError("an array is missing", where, "write it for every trajectory")
    own = tuple((dataset.shape or ())[1:])
    if own != shape or (dataset.dtype.kind in "biuf") != (kind.kind in "biuf"):
        raise InputError(
            f"this has the type {dataset.dtype} and rows of the shape {own}, and the first one "
            f"has {kind} and {shape}",
            where,
            "write all of them alike",
        )


def _require_rows(dataset: Dataset, end: int, most: int | None, where: str) -> None:
    """Refuse an array of another length than the rewards.

    Raises:
        InputError: it has fewer rows, or more than it may have.
    """
    n_rows = len(dataset) if dataset.shape else 0
    if n_rows < end or (most is not None and n_rows > most):
        raise InputError(
            f"this has {n_rows:,} rows, expected {end:,} as of the rewards",
            where,
            "write arrays of one length; observations may have one more",
        )


def table_of(
    fields: Mapping[str, Mapping[str, str]],
    arrays: Mapping[str, Dataset],
    file: File,
    spare: int | None,
) -> dict[str, StepColumn]:
    """Return columns; numbers and flags of steps may be written as [N, 1].

    Args:
        fields: the paths of the arrays of each column, as of `fields_of`.
        arrays: by their paths.
        file: that they stand in.
        spare: as in `leaf_of`.
    """
    leaves = {
        path: leaf_of(one, path, file, flat=path.lower() in FLAT_NAMES, spare=spare)
        for path, one in arrays.items()
    }
    return {
        column: StepColumn({field: leaves[path] for field, path in paths.items()})
        for column, paths in fields.items()
    }


INDEX = re.compile(r"(?<![^/])_index_")
"""What Minari puts before the numbers of the parts of a tuple."""


def fields_of(paths: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the arrays of each column, by field: every array is one, and every group of arrays.

    >>> fields_of(["act", "obs/x", "obs/y"])["obs"]
    {'x': 'obs/x', 'y': 'obs/y'}
    """
    fields: dict[str, dict[str, str]] = {}
    for path in paths:
        fields[path] = {"": path}
        group, _, field = path.partition("/")
        if field:
            fields.setdefault(group, {})[INDEX.sub("", field)] = path
    return fields


def fits(path: str, dataset: Dataset, n_steps: int, spare: int) -> bool:
    """Return whether an array has an entry a step; one with a usual name is read, or refused."""
    usual = any(path.split("/")[0].lower() in names for names in COLUMN_NAMES.values())
    return usual or n_steps <= length_of(dataset) <= n_steps + spare


def state_of(table: Mapping[str, StepColumn], columns: Mapping[str, str]) -> str:
    """Return the column of the state; empty: there is none."""
    by_lower = {name.lower(): name for name in reversed(list(table))}
    usual = next((by_lower[name] for name in COLUMN_NAMES["state"] if name in by_lower), "")
    return columns.get("state", usual)


def without_other_states(
    table: dict[str, StepColumn], columns: Mapping[str, str]
) -> dict[str, StepColumn]:
    """Leave out next states by their usual names, where the state is another array than usual."""
    if "next_state" in columns or state_of(table, columns) == state_of(table, {}):
        return table
    others = {*COLUMN_NAMES["next_state"]} - {"next_state"}
    return {name: column for name, column in table.items() if name.lower() not in others}


def length_of(dataset: Dataset) -> int:
    """Return the number of entries along the first axis; 0 of a single value."""
    return int(dataset.shape[0]) if dataset.shape else 0


def key_of_parts(name: str, others: Iterable[str] = ()) -> dict[str, StepColumn]:
    """Return the column of the trajectory or the environment, unless the steps have one."""
    if {*others} & {*COLUMN_NAMES["trajectory"], *COLUMN_NAMES["environment"]}:
        return {}
    return {name: computed(lambda part: np.full(len(part), part.number, dtype=np.int64), np.int64)}


def computed(read: Read, kind: Any) -> StepColumn:
    """Return a column that is made of others."""
    return StepColumn({"": Leaf(np.dtype(kind), (), read)})


def no_steps(name: str, file: File) -> InputError:
    """Return the error of a trajectory of length 0."""
    return InputError("a trajectory with no steps", file.at(name), "leave it out")


def no_rewards(group: Group, file: File) -> InputError:
    """Return the error of a group without rewards."""
    return InputError(
        f"there are no rewards: {shown(group.name)} holds {names_in(group)}",
        file.at(),
        "name the array of rewards: --columns reward=PATH; rlcalc reads files of Minari, D4RL, "
        "d3rlpy, tianshou and robomimic",
    )
