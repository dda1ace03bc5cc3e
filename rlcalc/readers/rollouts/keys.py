"""Which rows are one group, and which are one rollout: equal keys in a frame, numbered."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce

import numpy as np
import polars as pl

from rlcalc.errors import InputError, shown
from rlcalc.numerics.arrays import Ints
from rlcalc.readers.rollouts.columns import REWARD

SLICE = 1 << 18


def run_edges(frame: pl.DataFrame) -> Ints:
    """Return where groups begin that are blocks of rows with one prompt, and the end of all.

    A prompt may come twice in a row, so a run of equal prompts holds as many groups as the greatest
    common divisor of all runs goes into it. The last one may be cut short.
    """
    keys = ["group", "step"] if "step" in frame.columns else ["group"]
    edges = key_runs(frame, keys)[0]
    lengths = np.diff(edges).tolist()
    size = reduce(math.gcd, lengths[:-1] or lengths)
    return edges if size == 1 else np.append(np.arange(0, len(frame), size), len(frame))


def key_runs(frame: pl.DataFrame, keys: list[str]) -> tuple[Ints, Ints, pl.DataFrame]:
    """Return runs of rows with equal keys, and which key each has.

    Keys are told apart by 64 bits of them. Rows of one key mostly stand together, so only the first
    of each run is looked up.

    Returns:
        [R + 1] where runs begin, and the end; [R] the number of the key, in order of first
        appearance; [K] the keys.
    """
    names = (frame.select(keys).to_struct() if len(keys) > 1 else frame[keys[0]]).alias("key")
    begins, heads = [pl.Series([0])], [names[:1].hash()]
    for before in range(0, len(names) - 1, SLICE):  # in the same memory, over and over
        key = names.slice(before, SLICE + 1).hash()
        new = key[1:] != key[:-1]
        begins.append(new.arg_true().cast(pl.Int64) + before + 1)
        heads.append(key[1:].filter(new))
    begin, key = pl.concat(begins, rechunk=True), pl.concat(heads, rechunk=True)
    first = key.is_first_distinct()
    number = np.arange(len(key))
    if not first.all():
        known = key.filter(first).to_frame().with_row_index("number")
        found = key.to_frame().join(known, on="key", how="left", maintain_order="left")
        number = found["number"].to_numpy().astype(np.int64)
    unique = frame.select(pl.col(name).gather(begin.filter(first)) for name in keys)
    return np.append(begin.to_numpy(), len(frame)), number, unique


def merged_rows(
    frame: pl.DataFrame, keys: list[str], place: Callable[[int], str], *, nested: bool = False
) -> tuple[pl.DataFrame, int, int]:
    """Return one row a rollout, how many rows that leaves out, and how many of other files.

    The lengths of the rows of a rollout add up, but in another file they are the same ones again.

    Args:
        frame: with a column `rollout`, null where a row is a rollout by itself, and a column `file`
            where there are several.
        keys: what says the group.
        place: says where a row stands.
        nested: no option names the column of the rollouts.

    Raises:
        InputError: the rows of a rollout have different rewards.
    """
    edge, key, _ = key_runs(frame, keys)
    file = [] if "file" in frame.columns else [pl.lit(0).alias("file")]
    rows = frame.with_columns(file, key=np.repeat(key, np.diff(edge))).with_row_index("row")
    named = pl.col("rollout").is_not_null()
    first = rows.select(~named | pl.struct("key", "rollout").is_first_distinct()).to_series()
    if first.all():
        return frame, 0, 0
    one, again = rows.filter(first), rows.filter(~first)
    rewards = [name for name in frame.columns if name.startswith(REWARD)]
    both = again.join(one, on=["key", "rollout"], suffix=":one", maintain_order="left")
    differs = [pl.col(name).ne_missing(pl.col(f"{name}:one")) for name in rewards]
    another = "" if nested else "name another column with --rollout, "
    for row in both.filter(reduce(pl.Expr.or_, differs)).head(1).to_dicts():
        raise InputError(
            f"rollout {shown(row['rollout'])} of group {shown(row['group'])} stands there twice, "
            f"with the rewards {row[f'{rewards[0]}:one']} and {row[rewards[0]]}",
            f"{place(row['row:one'])} and {place(row['row'])}",
            f"correct the ids, {another}or use --rollout none",
        )
    if "length" in frame.columns:
        length = pl.when(pl.col("length").count() > 0).then(pl.col("length").sum())
        rows = rows.with_columns(
            pl.when(named)
            .then(length.over("key", "rollout", "file"))
            .otherwise("length")
            .alias("length")
        )
        one = rows.filter(first)
    elsewhere = int((both["file"] != both["file:one"]).sum())
    return one.select(frame.columns), len(again) - elsewhere, elsewhere
