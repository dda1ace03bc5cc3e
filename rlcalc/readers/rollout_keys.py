"""Which rows are one group, and which are one rollout: equal keys in a frame, numbered."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce

import numpy as np
import polars as pl

from rlcalc.errors import InputError, shown
from rlcalc.readers.rollout_columns import REWARD
from rlcalc.trajectories import Ints

SLICE = 1 << 18


def runs(frame: pl.DataFrame) -> Ints:
    """Return where groups begin that are blocks of rows with one prompt, and the end of all.

    A prompt may come twice in a row, so a run of equal prompts holds as many groups as the greatest
    common divisor of all runs goes into it. The last one may be cut short.
    """
    keys = ["group", "step"] if "step" in frame.columns else ["group"]
    edges = numbered(frame, keys)[0]
    lengths = np.diff(edges).tolist()
    size = reduce(math.gcd, lengths[:-1] or lengths)
    return edges if size == 1 else np.append(np.arange(0, len(frame), size), len(frame))


def numbered(frame: pl.DataFrame, keys: list[str]) -> tuple[Ints, Ints, pl.DataFrame]:
    """Return runs of rows with equal keys, and which key each has.

    Rows of one key mostly stand together, so only the first of each run is looked up, by its hash.

    Returns:
        [R + 1] where runs begin, and the end; [R] the number of the key, in order of first
        appearance; [K] the keys.
    """
    begin, key = _runs(frame.select(keys))
    first = key.is_first_distinct()
    number = np.arange(len(key))
    heads = begin if first.all() else begin[first.to_numpy()]
    if len(heads) < len(key):
        known = key.filter(first).to_frame("key").with_row_index("number")
        found = key.to_frame("key").join(known, on="key", how="left", maintain_order="left")
        number = found["number"].to_numpy().astype(np.int64)
        new = np.append(True, number[1:] != number[:-1])  # a run may go on over two slices
        begin, number = begin[new], number[new]
    unique = pl.DataFrame([frame[key].gather(heads) for key in keys])
    return np.append(begin, len(frame)), number, unique


def _runs(frame: pl.DataFrame) -> tuple[Ints, pl.Series]:
    """Return [R] rows that differ from the row before, and the hashes of those rows.

    Taken slice by slice, which is quicker than whole columns at once; the first of each is one too.
    """
    names = frame.columns
    changed = [pl.col(name).ne_missing(pl.col(name).shift(1)) for name in names]
    begins = reduce(pl.Expr.or_, changed, pl.int_range(pl.len()) == 0).alias("begins")
    key = (pl.struct(names) if len(names) > 1 else pl.col(names[0])).hash().alias("key")
    rows, keys, before = [], [], 0
    for part in frame.iter_slices(SLICE):
        looked = part.select(begins, key)
        rows.append(looked["begins"].arg_true().to_numpy() + before)
        keys.append(looked["key"].filter(looked["begins"]))
        before += len(part)
    return np.concatenate(rows).astype(np.int64), pl.concat(keys)


def once(
    frame: pl.DataFrame, keys: list[str], place: Callable[[int], str]
) -> tuple[pl.DataFrame, int]:
    """Return one row a rollout, and how many rows that leaves out; their lengths add up.

    Args:
        frame: with a column `rollout`, null where a row is a rollout by itself.
        keys: what says the group.
        place: says where a row stands.

    Raises:
        InputError: the rows of a rollout have different rewards.
    """
    edge, key, _ = numbered(frame, keys)
    rows = frame.with_columns(key=np.repeat(key, np.diff(edge))).with_row_index("row")
    named = pl.col("rollout").is_not_null()
    first = rows.select(~named | pl.struct("key", "rollout").is_first_distinct()).to_series()
    if first.all():
        return frame, 0
    one, again = rows.filter(first), rows.filter(~first)
    rewards = [name for name in frame.columns if name.startswith(REWARD)]
    both = again.join(one, on=["key", "rollout"], suffix=":one", maintain_order="left")
    differs = [pl.col(name).ne_missing(pl.col(f"{name}:one")) for name in rewards]
    for row in both.filter(reduce(pl.Expr.or_, differs)).head(1).to_dicts():
        raise InputError(
            f"rollout {shown(row['rollout'])} of group {shown(row['group'])} stands there twice, "
            f"with the rewards {row[f'{rewards[0]}:one']} and {row[rewards[0]]}",
            f"{place(row['row:one'])} and {place(row['row'])}",
            "mend the ids, name another column with --rollout, or say --rollout none",
        )
    if "length" in frame.columns:
        length = pl.when(pl.col("length").count() > 0).then(pl.col("length").sum())
        rows = rows.with_columns(
            pl.when(named).then(length.over("key", "rollout")).otherwise("length").alias("length")
        )
        one = rows.filter(first)
    return one.drop("row", "key"), len(again)
