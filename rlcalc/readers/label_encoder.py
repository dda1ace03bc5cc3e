"""Labels in Polars columns: their texts, and the numbers of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import polars as pl

from rlcalc.labels import Labels, text_of_label
from rlcalc.numerics.arrays import Codes
from rlcalc.trajectories import Experience


def as_text(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """Return labels of any type as text; lists as JSON writes them."""
    if kind == pl.String:
        return column
    if kind.is_nested():
        boxed = pl.struct(column.alias("x")).struct.json_encode()  # {"x":...}
        return pl.when(column.is_not_null()).then(boxed.str.slice(5, boxed.str.len_chars() - 6))
    return column.cast(pl.String)


def canonical_texts(texts: pl.Series) -> pl.Series:
    """Return the texts of labels by the one rule of labels, `text_of_label`."""
    rows = texts.str.contains(REWRITTEN).arg_true()
    if not len(rows):
        return texts
    written = texts.gather(rows).to_list()
    canonical = {text: text_of_label(text) for text in set(written)}
    return texts.scatter(rows, [canonical[text] for text in written])


REWRITTEN = r"(?s)^(\[.*|-0|-?[0-9]+[.eE][-+.eE0-9]*)$"
"""Texts that may be a number or a list in another form than `text_of_label` gives it."""


def keys_of_texts(texts: pl.Series) -> pl.Series:
    """Return a number for each label: a whole number is its own, other text is hashed.

    Only the first of equal texts is looked at, which are few: a trajectory has many rows.
    """
    hashed = texts.hash().reinterpret(signed=True)
    first = hashed.is_first_distinct()
    distinct = texts.filter(first)
    number = distinct.cast(pl.Int64, strict=False)
    if number.cast(pl.String).eq_missing(distinct).all():  # 007 is not 7
        return texts.cast(pl.Int64)
    canonical = canonical_texts(distinct)
    number = canonical.cast(pl.Int64, strict=False)
    number = number.set(number.cast(pl.String) != canonical, None)
    key, old = number.fill_null(canonical.hash().reinterpret(signed=True)), hashed.filter(first)
    hashed = hashed.replace_strict(old, key) if (key != old).any() else hashed
    return hashed.set(texts.is_null(), None) if texts.null_count() else hashed


class LabelEncoder:
    """Polars' categories → the numbers of our labels, which count in order of first appearance."""

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        self.kind = pl.Categorical(pl.Categories.random())
        self._keeps_codes = pl.Series([""]).cast(
            self.kind
        )  # Polars forgets numbers that no column uses
        self._number = np.full(16, -1, dtype=np.int32)  # by category; -1: not met yet
        self._whole = np.full(1, -1, dtype=np.int32)  # by whole number, from this one on
        self._whole_low = 0

    def category(self, text: pl.Expr) -> pl.Expr:
        """Return the categories of labels, as Polars numbers them."""
        return text.cast(self.kind).to_physical()

    def codes(self, series: pl.Series) -> Codes:
        """Return our numbers of a column of categories, or of int64 labels; nulls get -1."""
        if series.dtype == pl.Int64:
            return self._codes_of_whole_numbers(series)
        null = series.is_null().to_numpy() if series.null_count() else None
        category = (series if null is None else series.fill_null(0)).to_numpy()
        highest = int(category.max(initial=0))
        if highest >= len(self._number):
            grown = np.full(2 * highest + 1, -1, dtype=np.int32)
            grown[: len(self._number)] = self._number
            self._number = grown
        result: Codes = self._number.take(category)
        new = np.flatnonzero(result < 0 if null is None else (result < 0) & ~null)
        while len(new):  # most labels show among the first: number those, and see what is left
            rows = new[: 1 << 14]
            rows = np.sort(rows[np.unique(category[rows], return_index=True)[1]])
            texts = pl.Series(category[rows]).cat.to(self.kind).cast(pl.String)
            self._number[category[rows]] = self.labels.encode(canonical_texts(texts).to_list())
            result[new] = self._number[category[new]]
            new = new[result[new] < 0]
        if null is not None:
            result[null] = -1
        return result

    def _codes_of_whole_numbers(self, series: pl.Series) -> Codes:
        """Return our numbers of labels that are whole numbers, by a table where they are dense."""
        if not len(series) or series.null_count() == len(series):
            return np.full(len(series), -1, dtype=np.int32)
        null = series.is_null().to_numpy() if series.null_count() else None
        low, high = cast(int, series.min()), cast(int, series.max())
        bottom, top = min(self._whole_low, low), max(self._whole_low + len(self._whole) - 1, high)
        if top - bottom >= MOST_DENSE:
            return self.codes(series.cast(pl.String).cast(self.kind).to_physical())
        if bottom < self._whole_low or top >= self._whole_low + len(self._whole):
            room = (top - bottom) // 2  # so that a range that grows is copied seldom
            bottom = bottom if bottom == self._whole_low else bottom - room
            grown = np.full(top + room - bottom + 1, -1, dtype=np.int32)
            place = self._whole_low - bottom
            grown[place : place + len(self._whole)] = self._whole
            self._whole, self._whole_low = grown, bottom
        value = (series if null is None else series.fill_null(low)).to_numpy()
        place_of = value - self._whole_low
        result: Codes = self._whole.take(place_of)
        new = np.flatnonzero(result < 0 if null is None else (result < 0) & ~null)
        while len(new):
            rows = new[: 1 << 14]
            rows = np.sort(rows[np.unique(value[rows], return_index=True)[1]])
            self._whole[place_of[rows]] = self.labels.encode(map(str, value[rows].tolist()))
            result[new] = self._whole[place_of[new]]
            new = new[result[new] < 0]
        if null is not None:
            result[null] = -1
        return result


MOST_DENSE = 1 << 24
"""The width of a range of whole numbers that a table holds: 64 MB."""


@dataclass(frozen=True)
class LabelEncoders:
    """The labels of one reading: states, actions, and names of trajectories."""

    state: LabelEncoder
    action: LabelEncoder
    name: LabelEncoder

    @classmethod
    def of(cls, experience: Experience) -> LabelEncoders:
        """Return encoders that write into the labels of an experience."""
        return cls(
            LabelEncoder(experience.states),
            LabelEncoder(experience.actions),
            LabelEncoder(Labels()),
        )

    def of_column(self, meaning: str) -> LabelEncoder:
        """Return the encoder of a column of labels."""
        return {"action": self.action, "name": self.name}.get(meaning, self.state)
