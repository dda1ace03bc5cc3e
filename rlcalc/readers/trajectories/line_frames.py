"""Blocks of lines of JSON that have the columns and types of a block before: quicker to read.

With a schema that is known Polars leaves out keys that are not in it, and makes text of numbers,
flags, lists and mappings. So only blocks are read that show by counts that they have none of these.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import polars as pl

from rlcalc.readers.byte_counts import JsonMarks
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
    marks = JsonMarks.of(block)
    may_nest = marks.n_begun != marks.n_open  # there are brackets within a line
    if b"\\" in block or (may_nest and has_deep_line(block)):
        return None
    try:
        frame = pl.read_ndjson(block, schema=schema)
    except pl.exceptions.PolarsError:
        return None
    n_null = {name: frame[name].null_count() for name in schema}
    if len(frame) in n_null.values() or not has_keys_once(block, frame, marks.n_keys):
        return None
    n_texts = sum(len(frame) - n_null[name] for name, kind in schema.items() if kind == pl.String())
    if marks.n_quotes != 2 * (marks.n_keys + n_texts):
        return None  # something else was made text
    if may_nest and LIST.search(block):
        return None  # so may a list with one text have been, which has as many quotes
    if marks.n_colons != marks.n_keys and SPACED_KEY.search(block):
        return None  # not every key was counted
    return frame


def has_keys_once(block: bytes, frame: pl.DataFrame, n_keys: int) -> bool:
    """Whether a block holds no more keys than the cells that were read of it.

    Args:
        block: what the frame was read of.
        frame: what is missing in a line is null.
        n_keys: how many keys the block has, as `JsonMarks` counts them.
    """
    n_nulls = sum(frame.null_count().row(0))
    n_words = block.count(b"null") if n_nulls else 0
    written = block.count(b'":null') + block.count(b'": null') if n_words else 0
    return (
        written == n_words
        and written in (0, n_nulls)
        and n_keys == frame.height * frame.width - n_nulls + written
    )
