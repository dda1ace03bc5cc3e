"""The layout of a source of steps, detected from its first rows: interleaved, ordered, reset."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rlcalc.errors import InputError
from rlcalc.numerics.arrays import Flags, Ints, differs_from_previous
from rlcalc.readers.trajectories.step_table import ENDS, Rows


@dataclass(frozen=True)
class TableLayout:
    """What the first rows show of how a source was written."""

    keyed: bool  # a column says which trajectory, or which environment, a row belongs to
    flagged: bool  # columns say where trajectories end
    interleaved: bool  # the rows of a trajectory do not stand together
    hold: bool  # nothing is whole before everything is read
    resets: bool  # the row after an end is the reset of an environment, not a step
    restarted: bool  # next_state of a last step is the first state of the next trajectory


def detect_layout(sample: Rows, file: Ints, name: str, *, ordered: bool) -> TableLayout:
    """Return what the first rows of a source show.

    Args:
        sample: as many of them as are looked at.
        file: [N] the number of the file that each comes from.
        name: what to call the source.
        ordered: the user names a column to order by, so rows may come in any order.

    Raises:
        InputError: nothing says where trajectories begin or end.
    """
    keyed, flagged = "key" in sample, any(name in sample for name in ENDS)
    if not keyed and not flagged:
        raise InputError(
            "no column identifies the trajectory of a row or the end of a trajectory",
            name,
            "if every row is a whole trajectory, add --one-step; else add --columns "
            "trajectory=COLUMN or --columns terminated=COLUMN",
        )
    ended = ends(sample)
    interleaved = unordered = False
    if keyed:
        key = sample["key"]
        begin = np.flatnonzero(differs_from_previous(key) | differs_from_previous(file))
        last = np.append(begin[1:], len(sample)) - 1
        order = np.lexsort([begin, key[begin], file[begin]])
        again = ~differs_from_previous(key[begin[order]]) & ~differs_from_previous(
            file[begin[order]]
        )
        interleaved = bool(np.any(again[1:] & ~ended[last[order]][:-1]))
    if interleaved and "time" in sample:
        order = grouped_by(sample["key"], file)
        grouped = sample.take(order)
        back = ~(differs_from_previous(grouped["key"]) | differs_from_previous(file[order]))
        back[1:] &= (np.diff(grouped["time"]) <= 0) & ~ends(grouped)[:-1]
        unordered = bool(back.any())
    layout = TableLayout(
        keyed=keyed,
        flagged=flagged,
        interleaved=interleaved,
        hold=ordered or unordered or (interleaved and not flagged),
        resets=False,
        restarted=False,
    )
    if "next_state" not in sample or not ended.any():
        return layout
    grouped = sample.take(grouped_by(sample["key"])) if interleaved else sample
    ended = ends(grouped)
    after = np.flatnonzero(ended[:-1]) + 1
    if interleaved:
        after = after[~differs_from_previous(grouped["key"])[after]]
    same = grouped["state"][after] == grouped["next_state"][after - 1]
    resets = _are_resets(grouped, after, same)
    restarted = not resets and len(after) >= 3 and bool(same.all())
    return replace(layout, resets=resets, restarted=restarted)


def ends(rows: Rows) -> Flags:
    """[N] whether an end is flagged in a row, of whatever kind."""
    ended = np.zeros(len(rows), dtype=bool)
    for name in ENDS:
        if name in rows:
            ended |= rows[name]
    return ended


def segment_begins(rows: Rows, layout: TableLayout) -> Flags:
    """[N] whether a trajectory begins with a row of one file; rows are grouped and in order."""
    begins = np.zeros(len(rows), dtype=bool)
    begins[:1] = True
    begins[1:] = ends(rows)[:-1]
    if layout.keyed:
        begins |= differs_from_previous(rows["key"])
    if "is_first" in rows:
        begins |= rows["is_first"]
    return begins if layout.keyed else begins | time_restarts(rows)


def time_restarts(rows: Rows) -> Flags:
    """[N] whether time does not go on from the row before."""
    restarts = np.zeros(len(rows), dtype=bool)
    if "time" in rows:
        restarts[1:] = np.diff(rows["time"]) <= 0
    return restarts


def grouped_by(key: Ints, file: Ints | None = None) -> Ints:
    """The order that puts the rows of a key together, keys in order of their first row."""
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    if file is None:
        return np.argsort(first[number], kind="stable")
    return np.lexsort([np.arange(len(key)), first[number], file])


def _are_resets(rows: Rows, after: Ints, same: Flags) -> bool:
    """Whether the rows after an end are resets: no reward, no end, and still the last state.

    A world whose trajectories begin where they end could look alike, so the state must be one in
    which nobody acts; where only time limits end trajectories, three such rows must agree.
    """
    quiet = same & (rows["reward"][after] == 0) & ~ends(rows)[after]
    if not len(after) or not quiet.all():
        return False
    others = np.ones(len(rows), dtype=bool)
    others[after] = False
    if "terminated" in rows:
        by_world = after[rows["terminated"][after - 1]]
        if len(by_world):
            acted_in = np.isin(rows["state"][by_world], rows["state"][others])
            return not acted_in.any()
    return len(after) >= 3
