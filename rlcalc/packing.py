"""Packing: nouns and summaries as plain values beside arrays, and back.

Of a dataclass only its name is kept, and only those that are named are made again: a packed value
that came from a file runs no code.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl

Array = Any
"""A NumPy array of one axis, a list of texts, or bytes."""


class PackingError(ValueError):
    """What was packed cannot be unpacked."""


def packed(value: Any) -> tuple[Any, list[Array]]:
    """Return a value as plain values of JSON, and the arrays that these refer to by their places.

    Args:
        value: None, text, numbers, lists, tuples, mappings, counters, sets, NumPy arrays of one
            axis, frames of Polars, or dataclasses of these.

    Raises:
        PackingError: it holds something else.
    """
    arrays: list[Array] = []
    places: dict[int, int] = {}
    return _packed(value, arrays, places), arrays


def _packed(value: Any, arrays: list[Array], places: dict[int, int]) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        if id(value) not in places:  # several columns may be one array
            places[id(value)] = len(arrays)
            arrays.append(value)
        return {"array": places[id(value)]}
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return _placed("texts", value, arrays)
    if isinstance(value, list | tuple | set):
        items = sorted(value) if isinstance(value, set) else value
        return {type(value).__name__: [_packed(one, arrays, places) for one in items]}
    if isinstance(value, Mapping):
        kind = "counter" if isinstance(value, Counter) else "dict"
        return {
            kind: [
                [_packed(one, arrays, places), _packed(two, arrays, places)]
                for one, two in value.items()
            ]
        }
    if is_dataclass(value):
        inside = {
            one.name: _packed(getattr(value, one.name), arrays, places) for one in fields(value)
        }
        return {"class": type(value).__name__, "fields": inside}
    if hasattr(value, "write_ipc"):
        stream = io.BytesIO()
        value.write_ipc(stream)
        return _placed("frame", stream.getvalue(), arrays)
    raise PackingError(f"a {type(value).__name__} cannot be packed")


def _placed(kind: str, value: Array, arrays: list[Array]) -> dict[str, int]:
    arrays.append(value)
    return {kind: len(arrays) - 1}


def unpacked(skeleton: Any, arrays: Sequence[Array], classes: Iterable[type]) -> Any:
    """Return the value that was packed.

    Args:
        skeleton: the plain values.
        arrays: that they refer to.
        classes: the dataclasses that may occur.

    Raises:
        PackingError: it is not what `packed` made.
    """
    known = {one.__name__: one for one in classes}
    try:
        return _unpacked(skeleton, arrays, known)
    except (KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
        raise PackingError(f"not a packed value: {error}") from error


def _unpacked(value: Any, arrays: Sequence[Array], known: Mapping[str, type]) -> Any:
    if not isinstance(value, dict):
        return value
    if "class" in value:
        return known[value["class"]](
            **{name: _unpacked(one, arrays, known) for name, one in value["fields"].items()}
        )
    ((kind, inside),) = value.items()
    if kind in ("array", "texts"):
        return arrays[inside]
    if kind == "frame":
        return _frame(arrays[inside])
    if kind in ("list", "tuple", "set"):
        items = [_unpacked(one, arrays, known) for one in inside]
        return {"list": list, "tuple": tuple, "set": set}[kind](items)
    pairs = {_unpacked(one, arrays, known): _unpacked(two, arrays, known) for one, two in inside}
    return {"counter": Counter, "dict": dict}[kind](pairs)


def _frame(content: bytes) -> pl.DataFrame:
    import polars as pl

    return pl.read_ipc(io.BytesIO(content))


def digest_of(head: str, content: str, arrays: Sequence[Array]) -> str:
    """Return a digest of two texts and of arrays."""
    import hashlib

    digest = hashlib.blake2b(digest_size=16)
    for text in (head, content):
        digest.update(text.encode("utf-8", "surrogatepass"))
    for array in arrays:
        if isinstance(array, np.ndarray):
            digest.update(np.ascontiguousarray(array).view(np.uint8).data)
        else:
            plain = array if isinstance(array, bytes) else "\0".join(array).encode()
            digest.update(plain)
    return digest.hexdigest()
