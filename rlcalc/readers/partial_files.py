"""Files of partials, as `rlcalc.renderers.partials` writes them, and fingerprints of shards."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from functools import partial as bound
from typing import TYPE_CHECKING, Any

from rlcalc.errors import InputError, shown
from rlcalc.packing import PackingError, digest_of, unpacked
from rlcalc.partials import FORMAT, Node, Partial, Shard
from rlcalc.readers.panics import PanicError, panics_raised
from rlcalc.readers.table_names import without_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

ENDS = 1 << 16
"""Bytes at both ends of a file that its fingerprint is made of, beside its size."""

ANEW = "write it anew: rlcalc COMMAND SHARD --partial -o FILE"


def fingerprint(path: str) -> str:
    """Return what tells a shard from a changed one: its size and a digest of both its ends.

    Args:
        path: of the shard; what is no regular file has no fingerprint.
    """
    path, _ = without_table(path)
    if not os.path.isfile(path):
        return ""
    try:
        with open(path, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            digest = hashlib.blake2b(stream.read(ENDS), digest_size=8)
            stream.seek(max(size - ENDS, 0))
            digest.update(stream.read(ENDS))
    except OSError:
        return ""  # who reads it says why it cannot be read
    return f"{size}-{digest.hexdigest()}"


def read_partial(path: str, classes: Iterable[type]) -> Partial:
    """Return the partial of a file; what its shards say is read when it is asked for.

    Args:
        path: of the file.
        classes: the nouns and summaries that a partial may hold.

    Raises:
        InputError: there is no such file, or it is not a partial, or damaged.
    """
    head = _head(path)
    try:
        shards = [Shard(*map(_plain, one, (int, str, str, str))) for one in head["shards"]]
        question, total = dict(head["question"]), head["total"]
        if not shards or not (total is None or isinstance(total, int)):
            raise ValueError
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("this partial is damaged", shown(path, 400), ANEW) from error
    return Partial(question, total, shards, bound(_nodes, path, tuple(classes)), shown(path, 400))


def _plain(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError
    return value


def _head(path: str) -> dict[str, Any]:
    frame = _frame(path, ["rlcalc", "head"])
    version = frame["rlcalc"][0]
    if version != FORMAT:
        raise InputError(
            f"this partial has the format {shown(version)}, expected {FORMAT}",
            shown(path, 400),
            "make all partials, and merge them, with one version of rlcalc",
        )
    try:
        head = json.loads(frame["head"][0])
    except ValueError as error:
        raise InputError("this partial is damaged", shown(path, 400), ANEW) from error
    return head if isinstance(head, dict) else {}


def _frame(path: str, columns: Sequence[str] | None) -> pl.DataFrame:
    import polars as pl

    if not os.path.exists(path):
        raise InputError(f"there is no file {shown(path, 400)}", fix="give the files of --partial")
    with _library_errors(path):
        lazy = pl.scan_ipc(path, glob=False)
        frame = (lazy.select(columns) if columns else lazy).collect()
        if len(frame) != 1:
            raise ValueError
        return frame


@contextmanager
def _library_errors(path: str) -> Iterator[None]:
    import polars as pl

    try:
        with panics_raised():
            yield
    except (pl.exceptions.PolarsError, PanicError, OSError, ValueError) as error:
        raise InputError("this is not a partial of rlcalc", shown(path, 400), ANEW) from error
    except pl.exceptions.PanicException as error:
        raise InputError("this partial is damaged", shown(path, 400), ANEW) from error


def _nodes(path: str, classes: Sequence[type]) -> Sequence[Node]:
    frame = _frame(path, None)
    try:
        head, content, digest = (frame[name][0] for name in ("head", "content", "digest"))
        arrays = [_array(frame[str(place)]) for place in range(len(frame.columns) - 4)]
        if digest_of(head, content, arrays) != digest:
            raise PackingError("the digest differs")
        nodes: Sequence[Node] = unpacked(json.loads(content), arrays, classes)
    except (PackingError, ValueError, KeyError) as error:
        raise InputError("this partial is damaged", shown(path, 400), ANEW) from error
    return nodes


def _array(column: pl.Series) -> Any:
    import polars as pl

    value = column[0]
    if not isinstance(value, pl.Series):
        return value
    return value.to_list() if value.dtype == pl.String else value.to_numpy(writable=True)
