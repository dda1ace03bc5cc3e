"""Columns that join rows back to the source: the prompt, the source's own ids, file and row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.numerics.arrays import Ints, take_rows
from rlcalc.result import Column
from rlcalc.rollouts import Rollouts

if TYPE_CHECKING:
    import polars as pl

SHOWN = 60
"""Characters of a prompt that is not asked for whole."""
ELSEWHERE: Any = "bound"
"""The role of a column that says what another one does: tables leave it out."""


def origin_columns(
    rollouts: Rollouts,
    group: Ints,
    at: Ints | slice,
    named: Mapping[str, Any] | None = None,
    row_of: Ints | None = None,
) -> dict[str, Column]:
    """Return the columns of some rows; those that the source does not have are left out.

    Args:
        rollouts: with the origins that the reader kept.
        group: [M] the group of each row.
        at: [M] the rollout of each row; of several the first.
        named: what tables of the rows show already; default the names of the groups.
        row_of: [N] the row that each rollout belongs to, which has the ids that all of them share;
            None: a row is a rollout.
    """
    columns: dict[str, Column] = {}
    named = named or {"group": take_rows(rollouts.group, group)}
    prompts = prompts_of_groups(rollouts)
    if prompts is not None:
        values = take_rows(prompts, group)
        columns["prompt"] = Column(values, _role(values, named))
    origins = rollouts.origins
    if origins is None:
        return columns
    for name, values in origins.ids.items():
        ids = take_rows(values, at)
        if row_of is not None and not values.equals(ids.gather(row_of)):
            continue
        columns[name] = Column(ids, _role(ids, named))
    if origins.file is not None:
        import polars as pl

        names: Any = pl.Series(list(origins.files)).gather(origins.file[at])
        told = len(origins.files) == len(rollouts.step) > 1  # by the step
        columns["file"] = Column(names, ELSEWHERE if told else "text")
    columns["row"] = Column(origins.row[at], "count")
    return columns


def prompts_of_groups(rollouts: Rollouts) -> pl.Series | None:
    """Return [K] how the prompt of each group begins, or all of it; None: nobody knows."""
    if rollouts.question is None:
        return None
    import polars as pl

    texts = pl.Series("prompt", rollouts.question, dtype=pl.String).gather(rollouts.start[:-1])
    if rollouts.facts.get("whole_prompts"):
        return texts
    blank = r"(\s|\\[nrt])+"
    line = pl.col("prompt").str.replace_all(blank, " ").str.strip_chars()
    begins = line.str.head(SHOWN - 1) + "…"
    return (
        texts.to_frame()
        .select(pl.when(line.str.len_chars() > SHOWN).then(begins).otherwise(line))
        .to_series()
    )


def _role(values: Any, named: Mapping[str, Any]) -> Any:
    """Return the role of a column: hidden where another column of the table says the same."""
    texts = list(map(str, values[:64].to_list()))  # a look, as it only hides
    same = (list(map(str, np.asarray(known[:64]).tolist())) for known in named.values())
    return ELSEWHERE if texts in same else "text"
