"""Observation bins: states that are numbers become intervals, so that something is averaged."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from rlcalc.errors import InputError, UsageError, shown
from rlcalc.labels import Labels
from rlcalc.numerics.arrays import Codes, Flags, Floats, Ints
from rlcalc.numerics.bins import Bins, bins_of
from rlcalc.trajectories import Experience, Trajectories

MOST_BINS = 10_000
"""Most bins of a number."""
FEW_STATES, SINGLE = 20, 0.9
"""From so many states on, of which more than this share was met once, nothing is averaged."""


BinsOption = str | int | Sequence[int] | Mapping[str, int] | None


def parse_bins(bins: BinsOption) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the columns that are the state together, if any, and the most bins of each number.

    A single number of bins is for all numbers of a state.

    >>> parse_bins("10"), parse_bins("10,5"), parse_bins("x=10,y=5")
    (((), (10,)), ((), (10, 5)), (('x', 'y'), (10, 5)))

    Raises:
        UsageError: a number is not a whole one above 0, or only some have a column.
    """
    if bins is None:
        return (), ()
    if isinstance(bins, Mapping):
        parts = [f"{name}={n}" for name, n in bins.items()]
    else:
        several = [bins] if isinstance(bins, int) else bins
        parts = several.split(",") if isinstance(several, str) else list(map(str, several))
    names, _, numbers = zip(*(part.rpartition("=") for part in parts), strict=True) if parts else (
        (), (), (),
    )  # fmt: skip
    fit = all(n.strip().isdecimal() and 1 <= int(n) <= MOST_BINS for n in numbers)
    if not numbers or not fit or len({bool(name) for name in names}) > 1:
        raise UsageError(
            f"--bins {shown(bins)} is not a number of bins, from 1 to {MOST_BINS:,}",
            fix="write --bins 10; one for each number of a list, --bins 10,5; or columns of "
            "numbers, --bins x=10,y=5",
        )
    return tuple(name.strip() for name in names if name), tuple(int(n) for n in numbers)


def with_bins(experience: Experience, bins: Sequence[int]) -> Experience:
    """Return experience, which is then in memory, whose states are intervals of their numbers.

    The bins of a number are at most so many, of one width: 1, 2 or 5 times a power of ten. Whole
    numbers of a small range stay themselves. States that are no numbers may only be last ones.

    Args:
        experience: its states are numbers, or lists of as many numbers each.
        bins: the most bins of each number; a single one is for all of them.

    Raises:
        InputError: a state is not a number, or lists have different lengths.
        UsageError: there are not as many bins as numbers.
    """
    batches = list(experience.batches)
    old = experience.states
    begins = np.zeros(len(old), dtype=bool)
    for batch in batches:
        begins[batch.state] = True
    values, known = _numbers(old, begins)
    width = values.shape[1]
    if len(bins) not in (1, width):
        raise UsageError(
            f"there are {len(bins)} numbers of bins, but a state has {width}",
            fix=f"give one for all, or {width} of them",
        )
    several = bins_of_columns(values, tuple(bins) * (width if len(bins) == 1 else 1))
    new = Labels(textual=True)
    code = np.empty(len(old) + 1, dtype=np.int32)
    code[-1] = -1  # a last state that is not known
    rows = np.stack([one.place for one in several], axis=1).tolist()
    names = [_names(one) for one in several]
    place = 0
    for number, text in enumerate(old.texts):
        if known[number]:
            text = " × ".join(names[i][bin_] for i, bin_ in enumerate(rows[place]))
            place += 1
        code[number] = new.code(text)
    experience.batches = iter([_relabelled(batch, code, new) for batch in batches])
    return replace(experience, states=new)


def bins_of_columns(values: Floats, bins: Sequence[int]) -> list[Bins]:
    """Return the bins of each column of [N, numbers]."""
    return [bins_of(column, most) for column, most in zip(values.T, bins, strict=True)]


def _numbers(states: Labels, begins: Flags) -> tuple[Floats, Flags]:
    """Return the numbers of the states that are some, and which they are."""
    rows: list[list[float]] = []
    known = np.zeros(len(states), dtype=bool)
    for number, text in enumerate(states.texts):
        row = _row(text)
        if row is not None and len(row) == len(rows[0] if rows else row):
            rows.append(row)
            known[number] = True
        elif begins[number]:
            what = "is not a number, nor a list of numbers"
            if row is not None:
                what = f"has {len(row)} numbers, and others have {len(rows[0])}"
            raise InputError(
                f"the state {shown(text)} {what}: --bins divides numbers",
                fix="leave out --bins, or name a column of numbers: --columns state=COLUMN",
            )
    if not rows:
        raise InputError("there is no state to divide into bins", fix="give trajectories")
    return np.array(rows), known


def _row(text: str) -> list[float] | None:
    """Return the numbers of a label; None: it is something else."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    row = value if isinstance(value, list) else [value]
    numbers = [part for part in row if isinstance(part, int | float) and not isinstance(part, bool)]
    fit = bool(row) and len(numbers) == len(row) and all(map(math.isfinite, numbers))
    return [float(part) for part in numbers] if fit else None


def _names(bins: Bins) -> list[str]:
    """Return the name of each bin: `[0, 0.5)`; of a whole number alone the number."""
    edge = bins.edge
    if edge[0] != round(edge[0]) and (np.diff(edge) == 1).all():
        return [f"{low + 0.5:.12g}" for low in edge[:-1]]
    return [f"[{low:.12g}, {high:.12g})" for low, high in pairwise(edge.tolist())]


def _relabelled(batch: Trajectories, code: Codes, states: Labels) -> Trajectories:
    last = None if batch.last_state is None else code[batch.last_state]
    return replace(batch, state=code[batch.state], last_state=last, states=states)


def note_of_single_states(count: Ints) -> list[str]:
    """Return a note where nearly every state was met once, as continuous observations are.

    Args:
        count: [S] steps of each state.
    """
    single = int((count == 1).sum())
    if len(count) < FEW_STATES or single <= SINGLE * len(count):
        return []
    return [
        f"{single:,} of {len(count):,} states were met once, so nothing is averaged: divide their "
        "numbers into intervals with --bins 10, or name other states with --columns state=COLUMN"
    ]
