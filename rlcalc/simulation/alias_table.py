"""Alias tables: draws from discrete distributions, in constant time whatever their length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.kernel import kernel

if TYPE_CHECKING:
    from rlcalc.numerics.random_streams import Words

LARGE = 1 << 17
"""Entries from which a compiled loop builds the tables sooner than plain Python."""

HALF = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True)
class AliasTable:
    """Distributions over N entries laid end to end, one a row.

    A draw picks a slot of the row uniformly, and returns the slot's own entry with the slot's
    probability, else the slot's other entry. Probabilities are precise to 2^−32 of a slot.

    Source: Walker (1977); Vose (1991), who builds it in linear time.
    """

    row: Words  # [S] in the high half the row's first entry, in the low half its number of entries
    slot: Words  # [N] in the high half 2^32 times the own entry's share, in the low half the other

    @classmethod
    def of(cls, chance: Floats, first: Ints) -> AliasTable:
        """Return the tables of several distributions.

        Args:
            chance: [N] above 0; each row is divided by its sum.
            first: [S + 1] offsets, from 0 to N; a row without entries cannot be drawn from.
        """
        size = np.diff(first)
        first_entry, length = first[:-1][size > 0], size[size > 0]
        mean = (np.add.reduceat(chance, first_entry) if len(first_entry) else chance[:0]) / length
        remaining = chance / np.repeat(mean, length)  # 1 on average
        keep, other = np.ones(len(chance)), np.arange(len(chance))
        stack = np.empty(len(chance), dtype=np.int64)
        arrays = (first_entry, length, remaining, keep, other, stack)
        if len(chance) > LARGE:
            pair_up.compiled(*arrays)
        else:
            lists = [array.tolist() for array in arrays]
            pair_up.plain(*lists)
            keep, other = np.array(lists[3]), np.array(lists[4], dtype=np.int64)
        threshold = np.minimum(np.rint(keep * 2.0**32), 2.0**32 - 1).astype(np.uint64)
        return cls(
            row=(first[:-1].astype(np.uint64) << HALF) | size.astype(np.uint64),
            slot=(threshold << HALF) | other.astype(np.uint64),
        )

    def draw(self, row: NDArray[np.integer[Any]], words: Words) -> Ints:
        """Return an entry of each row.

        Args:
            row: [E].
            words: [E] 64 random bits each: the high half picks the slot, the low half its entry.
        """
        bits = self.row.take(row)
        place = words >> HALF
        place *= bits & LOW
        place >>= HALF
        bits >>= HALF
        place += bits
        slot = self.slot.take(place.view(np.int64))
        own = (words & LOW) < (slot >> HALF)
        slot &= LOW
        np.copyto(slot, place, where=own)
        return slot.view(np.int64)

    def chance(self) -> Floats:
        """Return [N] the probability with which each entry is drawn from its row."""
        n = len(self.slot)
        size = (self.row & LOW).astype(np.int64)
        share = 1 / np.repeat(size, size)  # every entry has a row
        other = (self.slot & LOW).astype(np.int64)
        keep = np.where(other == np.arange(n), 1.0, (self.slot >> HALF) / 2.0**32)
        return keep * share + np.bincount(other, (1 - keep) * share, minlength=n)


@kernel
def pair_up(
    first: Ints, size: Ints, remaining: Floats, keep: Floats, other: Ints, stack: Ints
) -> None:
    """Fill each slot up to 1: an entry below 1 shares its slot with one above 1.

    Args:
        first: [S] where rows begin.
        size: [S] their lengths.
        remaining: [N] the weight of each entry, 1 on average in a row; it is used up.
        keep: [N] output: the share of its slot that each entry keeps, 1 at first.
        other: [N] output: the entry that has the rest of the slot.
        stack: [N] scratch: entries below 1 from the row's beginning on, those above from its end.
    """
    for s in range(len(first)):
        first_entry, end = first[s], first[s] + size[s]
        small, large = first_entry, end
        for i in range(first_entry, end):
            if remaining[i] < 1.0:
                stack[small] = i
                small += 1
            else:
                large -= 1
                stack[large] = i
        while small > first_entry and large < end:
            small -= 1
            below, above = stack[small], stack[large]
            keep[below] = remaining[below]
            other[below] = above
            remaining[above] = (remaining[above] + remaining[below]) - 1.0
            if remaining[above] < 1.0:
                large += 1
                stack[small] = above
                small += 1
