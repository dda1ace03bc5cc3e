"""Blocks of lines of JSON that have the columns and types of a block before: quicker to read.

With a schema that is known Polars leaves out keys that are not in it, and makes text of numbers,
flags, lists and mappings. So only blocks are read that show by counts that they have none of these.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import polars as pl

from rlcalc.readers.nesting import has_deep_line

PLAIN = (pl.String(), pl.Int64(), pl.Float64(), pl.Boolean())

LIST = re.compile(rb":\s*\[")
SPACED_KEY = re.compile(rb'"\s+:')


def can_be_kept(schema: Mapping[str, pl.DataType], exact: Collection[str]) -> bool:
    """Whether later blocks can be read with a schema.

    Args:
        schema: of the first block.
        exact: columns of which 1 and 1.0 are not the same; a block of whole numbers has integers.
    """
    return all(kind in PLAIN for kind in schema.values()) and not any(
        schema.get(name) == pl.Float64() for name in exact
    )


def frame_like(block: bytes, schema: Mapping[str, pl.DataType]) -> pl.DataFrame | None:
    """Return the lines of a block in a known schema; None if they may hold anything else.

    Whole numbers in columns of floats are the only values that get another type.
    """
    if b"\\" in block or has_deep_line(block):
        return None
    try:
        frame = pl.read_ndjson(block, schema=schema)
    except pl.exceptions.PolarsError:
        return None
    n_null = {name: frame[name].null_count() for name in schema}
    n_keys = None if len(frame) in n_null.values() else n_keys_once(block, frame)
    if n_keys is None:
        return None
    n_texts = sum(len(frame) - n_null[name] for name, kind in schema.items() if kind == pl.String())
    if block.count(b'"') != 2 * (n_keys + n_texts):
        return None  # something else was made text
    if b"[" in block and LIST.search(block):
        return None  # so may a list with one text have been, which has as many quotes
    if block.count(b":") != n_keys and SPACED_KEY.search(block):
        return None  # not every key was counted
    return frame


def n_keys_once(block: bytes, frame: pl.DataFrame) -> int | None:
    """Return how many keys a block holds; None if these are more than the cells read of it."""
    n_nulls = sum(frame.null_count().row(0))
    n_words = block.count(b"null") if n_nulls else 0
    written = block.count(b'":null') + block.count(b'": null') if n_words else 0
    n_keys = block.count(b'":')
    if written != n_words or written not in (0, n_nulls):
        return None
    return n_keys if n_keys == frame.height * frame.width - n_nulls + written else None
