"""Open HDF5 files, whose arrays are read from the file itself and from no other one.

A file may name other files: by external links, external storage and virtual datasets. They are
refused, as are arrays that need a filter which is not installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.errors import InputError, listed, shown
from rlcalc.readers.size_limit import require_size
from rlcalc.readers.sources import File, copied

if TYPE_CHECKING:
    from h5py import Dataset, Group
    from numpy.typing import NDArray

MOST_NODES = 10_000
"""Arrays of one group that are listed."""

DEEPEST = 16
"""How many groups deep an array may be."""

ELSEWHERE = (
    "write a copy that holds all of its arrays: h5repack, or h5py's copy(expand_external=True)"
)


@contextmanager
def opened_hdf5(file: File) -> Iterator[Group]:
    """Open the root group of a file.

    Args:
        file: a file, or what is copied of a pipe.

    Raises:
        InputError: h5py is not installed, or the file is damaged.
    """
    try:
        import h5py
    except ImportError as error:
        raise InputError(
            "reading HDF5 needs h5py, which is not installed",
            file.at(),
            "pip install 'rlcalc[hdf5]'",
        ) from error
    source: Any = copied(file)
    with ExitStack() as stack:
        if isinstance(source, str) and source != file.path:  # a copy, which may have no name
            source = stack.enter_context(open(source, "rb"))
        with whole_hdf5(file):
            root = stack.enter_context(h5py.File(source, "r"))
        yield root


@contextmanager
def whole_hdf5(file: File) -> Iterator[None]:
    """Turn what h5py raises over a damaged file into what, where and how to fix it.

    Raises:
        InputError: a file that is cut off, damaged, or written by somebody at this moment.
    """
    try:
        yield
    except BlockingIOError as error:
        raise InputError(
            "something else writes this HDF5 file",
            file.at(),
            "read it when that is done, or read a copy",
        ) from error
    except (OSError, RuntimeError, KeyError) as error:
        message = str(error.args[0] if error.args else error).splitlines()[:1] or [""]
        raise InputError(
            f"this HDF5 file cannot be read: {shown(message[0], 200)}",
            file.at(),
            "if it was cut off or damaged, write it anew; if a filter is missing, repack it with "
            "gzip: h5repack -f GZIP=1 FILE COPY",
        ) from error


def node_at(group: Group, name: str, file: File) -> Any:
    """Return the group or the dataset of a name, of this file; None: there is none.

    Raises:
        InputError: it stands in another file.
    """
    return _followed(group, name, file, DEEPEST)


def _followed(group: Group, path: str, file: File, links: int) -> Any:
    """Return the node that a path leads to, along soft links in this file."""
    import h5py

    node: Any = group.file if path.startswith("/") else group
    for part in filter(None, path.split("/")):
        if not isinstance(node, h5py.Group):
            return None
        key = part.encode()
        if part == "." or not node.id.links.exists(key):
            node = node if part == "." else None
            continue
        kind = node.id.links.get_info(key).type
        if kind == h5py.h5l.TYPE_HARD:
            node = node[part]
        elif kind == h5py.h5l.TYPE_SOFT and links:
            target = node.get(part, getlink=True).path
            node = _followed(node, target, file, links - 1)
        else:
            raise _elsewhere(f"{node.name.rstrip('/')}/{part}", file)
    if isinstance(node, h5py.Dataset):
        _require_own_bytes(node, file, links)
    return node


@dataclass(frozen=True)
class ArrayType:
    """The type of the entries of an array, in numpy and in the file, and the shape of its rows."""

    kind: np.dtype[Any]
    shape: tuple[int, ...]
    type_id: Any

    @classmethod
    def of(cls, dataset: Dataset) -> ArrayType:
        """Return the type of an array."""
        return cls(dataset.dtype, tuple((dataset.shape or ())[1:]), dataset.id.get_type())


def plain_rows(
    group: Group, path: str, rows: slice, most: int | None, like: ArrayType
) -> NDArray[Any] | None:
    """Return rows of an array by the fewest calls, as there may be many arrays; None: look closer.

    Args:
        group: that the path begins at; no links stand in it.
        path: of the array.
        rows: that are read.
        most: rows that it may have; None: any number.
        like: the type that it must have.
    """
    from h5py import h5s

    dataset = _plain_dataset(group, path)
    if dataset is None or dataset.get_type() != like.type_id:
        return None
    shape = dataset.shape
    if shape[1:] != like.shape or not rows.stop <= shape[0] <= (most or shape[0]):
        return None
    result = np.empty((rows.stop - rows.start, *like.shape), like.kind)
    if len(result) == shape[0]:
        dataset.read(h5s.ALL, h5s.ALL, result)
        return result
    space = dataset.get_space()
    space.select_hyperslab((rows.start, *[0] * len(like.shape)), result.shape)
    dataset.read(h5s.create_simple(result.shape), space, result)
    return result


def _plain_dataset(group: Group, path: str) -> Any:
    """Return an array that has all of its bytes in this place; None: it may not."""
    from h5py import h5d, h5g, h5l

    node = group.id
    *groups, name = path.encode().split(b"/")
    try:
        for part in groups:
            if node.links.get_info(part).type != h5l.TYPE_HARD:
                return None
            node = h5g.open(node, part)
        if node.links.get_info(name).type != h5l.TYPE_HARD:
            return None
        dataset = h5d.open(node, name)
    except (KeyError, RuntimeError):  # nothing stands there, or something else
        return None
    plan = dataset.get_create_plist()
    is_own = plan.get_layout() != h5d.VIRTUAL and not plan.get_external_count()
    return dataset if is_own and dataset.shape else None


def _elsewhere(name: str, file: File) -> InputError:
    return InputError(
        f"{shown(name)} stands in another file, which is not read", file.at(), ELSEWHERE
    )


def _require_own_bytes(dataset: Dataset, file: File, links: int) -> None:
    """Refuse an array whose numbers stand in other files.

    Raises:
        InputError: it has external storage, or is put together of other files.
    """
    import h5py

    plan = dataset.id.get_create_plist()
    is_virtual = plan.get_layout() == h5py.h5d.VIRTUAL
    for number in range(plan.get_virtual_count() if is_virtual else 0):
        own = plan.get_virtual_filename(number) == "." and links
        if not own or _followed(dataset.file, plan.get_virtual_dsetname(number), file, 0) is None:
            raise _elsewhere(str(dataset.name), file)
    if plan.get_external_count():
        raise _elsewhere(str(dataset.name), file)


def datasets_of(group: Group, file: File) -> dict[str, Dataset]:
    """Return the arrays of a group and of the groups in it, by their paths from there.

    Raises:
        InputError: one stands in another file, or there are too many.
    """
    import h5py

    datasets: dict[str, Dataset] = {}
    waiting: list[tuple[str, Any]] = [("", group)]
    n_nodes = 0
    while waiting:
        path, node = waiting.pop()
        n_nodes += 1
        if isinstance(node, h5py.Dataset):
            datasets[path] = node
        elif isinstance(node, h5py.Group) and path.count("/") < DEEPEST:
            names = names_of(node)
            if len(names) + n_nodes > MOST_NODES:
                what = f"the group {shown(group.name)} holds more than {MOST_NODES:,} arrays"
                raise InputError(what, file.at(), "name the arrays by what they hold")
            prefix = f"{path}/" if path else ""
            waiting += [(prefix + name, node_at(node, name, file)) for name in reversed(names)]
    return datasets


def require_room(n_bytes: int, root: Group, file: File) -> None:
    """Refuse arrays that are far larger than their file, which a few bytes can declare.

    Args:
        n_bytes: of the arrays, as far as is known.
        root: of the file.
        file: that it is.

    Raises:
        InputError: they are.
    """
    require_size(n_bytes, root.file.id.get_filesize(), file.name, file.max_size)


def names_of(group: Group) -> list[str]:
    """Return the names in a group; those that are not UTF-8 are left out."""
    return [name for name in group if isinstance(name, str)]


def names_in(group: Group, most: int = 8) -> str:
    """Return the first names in a group, for a message."""
    names = names_of(group)
    return listed(names[:most], most, len(names)) if names else "nothing"
