"""Tokens of rollouts of a language model, laid end to end, with what was logged of each.

How files become these arrays is for the readers; what a loss makes of them is for the objectives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlcalc.errors import InputError, ShapeError, shown
from rlcalc.numerics.arrays import Flags, Floats, Ints

ROUNDING = 1e-6
"""A log-probability may be so far above 0: trainers round in float32."""

LOG_PROBABILITIES = ("log_prob", "old_log_prob", "ref_log_prob", "rollout_log_prob")
PER_TOKEN = (*LOG_PROBABILITIES, "advantage", "reward", "value", "old_value", "target")


@dataclass(frozen=True)
class Tokens:
    """T tokens of N rollouts. Rollout i is the tokens start[i] : start[i + 1].

    A masked token (a tool's output, or padding) counts in no sum, and its numbers are never read.
    """

    start: Ints  # [N + 1] offsets, from 0 to T
    mask: Flags  # [T] whether the loss counts the token
    log_prob: Floats | None = None  # [T] log π(token) of the policy that is trained
    old_log_prob: Floats | None = None  # [T] of the policy when the batch was collected
    ref_log_prob: Floats | None = None  # [T] of the reference policy
    rollout_log_prob: Floats | None = None  # [T] as the sampler reported it
    advantage: Floats | None = None  # [T] in reward units
    reward: Floats | None = None  # [T] token by token
    value: Floats | None = None  # [T] the critic's V, in reward units
    old_value: Floats | None = None  # [T] V when the batch was collected
    target: Floats | None = None  # [T] the critic's target, which trainers call return
    token: NDArray[Any] | None = None  # [T] ids or texts
    group: Sequence[Any] | NDArray[Any] | None = None  # [N] the prompt's name; None: nobody says
    rollout: Sequence[Any] | NDArray[Any] | None = None  # [N] the rollout's name
    score: Floats | None = None  # [N] the rollout's reward; NaN where there is none
    unpadded: Ints | None = None  # [N] tokens before the padding, by the attention mask
    step: Ints | None = None  # [N] the training step; -1: unknown
    row: Ints | None = None  # [N] the row of the source, from 0
    source: str = "the arrays"
    notes: Sequence[str] = ()  # what the reader has to say

    def __len__(self) -> int:
        """Return N."""
        return len(self.start) - 1

    @cached_property
    def size(self) -> Ints:
        """[N] tokens of each rollout, masked or not."""
        return np.diff(self.start)

    @cached_property
    def length(self) -> Ints:
        """[N] tokens of each rollout that count."""
        before = np.concatenate([[0], np.cumsum(self.mask)])
        length: Ints = before[self.start[1:]] - before[self.start[:-1]]
        return length

    @cached_property
    def number(self) -> Ints:
        """[T] the rollout of each token."""
        return np.repeat(np.arange(len(self)), self.size)

    @cached_property
    def t(self) -> Ints:
        """[T] the place of each token in its rollout, from 0."""
        return np.arange(len(self.mask)) - np.repeat(self.start[:-1], self.size)

    @classmethod
    def from_arrays(
        cls,
        *,
        start: ArrayLike | None = None,
        mask: ArrayLike | None = None,
        source: str = "the arrays",
        **columns: Any,
    ) -> Tokens:
        """Return tokens from numpy arrays.

        Args:
            start: [N + 1] offsets; default from arrays of shape [N, L], a row a rollout.
            mask: [T] or [N, L], 0 or 1; default: every token counts.
            source: the name of the arrays in messages.
            **columns: the other fields, [T] or [N, L] each, or [N] for those of rollouts; an
                advantage of [N] holds for all tokens of its rollout.

        Raises:
            ShapeError: arrays of lengths that do not fit.
            InputError: a mask that is neither 0 nor 1.
        """
        arrays = {
            name: np.asarray(values) for name, values in columns.items() if values is not None
        }
        unknown = arrays.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise ShapeError(
                f"tokens have no field {shown(min(unknown))}", fix=f"use {', '.join(PER_TOKEN)}"
            )
        if mask is not None:
            arrays["mask"] = np.asarray(mask)
        edge = np.asarray(_offsets(arrays) if start is None else start, np.int64)
        n, n_tokens = len(edge) - 1, int(edge[-1])
        arrays.setdefault("mask", np.ones(n_tokens, bool))
        ready: dict[str, Any] = {
            name: _column(name, values, edge, source) for name, values in arrays.items()
        }
        for name, values in ready.items():
            expected = n_tokens if name in (*PER_TOKEN, "token", "mask") else n
            if len(values) != expected:
                raise ShapeError(
                    f"{name} has {len(values)} entries, expected {expected}",
                    source,
                    "give one for each token, or for each rollout",
                )
        return cls(start=edge, source=source, **ready)

    def where(self, token: int) -> str:
        """Return where a token stands: the source, the row and the place in it."""
        i = int(np.searchsorted(self.start, token, side="right")) - 1
        row = i if self.row is None else int(self.row[i])
        return f"{self.source}, row {row + 1}, token {token - int(self.start[i])}"

    def where_rollout(self, rollout: int) -> str:
        """Return where a rollout stands: the source and the row."""
        row = rollout if self.row is None else int(self.row[rollout])
        return f"{self.source}, row {row + 1}"

    def part(self, first: int, last: int) -> Tokens:
        """Return the rollouts from `first` up to, not including, `last`."""
        if (first, last) == (0, len(self)):
            return self
        begin, end = int(self.start[first]), int(self.start[last])
        cut: dict[str, Any] = {}
        for field in fields(self):
            column = getattr(self, field.name)
            if field.name in ("start", "source", "notes") or column is None:
                continue
            per_token = field.name in ("mask", "token", *PER_TOKEN)
            cut[field.name] = column[begin:end] if per_token else column[first:last]
        return Tokens(start=self.start[first : last + 1] - begin, source=self.source, **cut)

    def require_log_probabilities(self) -> None:
        """Refuse a log-probability of a counted token that is above 0, NaN or infinite.

        Raises:
            InputError: with the first of them.
        """
        for name in LOG_PROBABILITIES:
            column = getattr(self, name)
            if column is None:
                continue
            if not len(column) or (column.max() <= ROUNDING and column.min() > -np.inf):
                continue  # a NaN is neither
            wrong = ~((column <= ROUNDING) & (column > -np.inf)) & self.mask
            if wrong.any():
                token = int(np.argmax(wrong))
                value = column[token]
                what = "above 0" if value > 0 else "not a finite number"
                raise InputError(
                    f"{name} is {value:g}, {what}",
                    self.where(token),
                    "give log π(token), which is 0 or below; is it a probability, or a loss?"
                    if value > 0
                    else "give the token's log-probability, or mask the token (0 in the mask)",
                )

    @cached_property
    def cluster(self) -> Ints:
        """[N] the number of each rollout's prompt; a rollout without one stands alone."""
        if self.group is None:
            return np.arange(len(self))
        known: dict[Any, int] = {}
        return np.array([known.setdefault(name, len(known)) for name in list(self.group)], np.int64)


def _offsets(arrays: Mapping[str, NDArray[Any]]) -> Ints:
    """Return the offsets of rollouts that are the rows of arrays.

    Raises:
        ShapeError: no array has rows.
    """
    tables = [array for array in arrays.values() if array.ndim == 2]
    if not tables:
        raise ShapeError(
            "nothing tells where a rollout begins",
            fix="give start, or arrays of shape [rollouts, tokens]",
        )
    rows, width = tables[0].shape
    start: Ints = np.arange(rows + 1) * width
    return start


def _column(name: str, values: NDArray[Any], edge: Ints, source: str) -> NDArray[Any]:
    """Return an array as a field of Tokens.

    Raises:
        InputError: a mask that is neither 0 nor 1.
    """
    if name not in (*PER_TOKEN, "token", "mask"):
        return values.astype(np.float64) if name == "score" else values
    flat = values.reshape(-1)
    if name == "mask":
        if not np.isin(flat, (0, 1)).all():
            raise InputError(
                f"the mask holds {shown(flat[~np.isin(flat, (0, 1))][0])}, expected 0 or 1",
                source,
                "give 1 for the tokens that are trained on, else 0",
            )
        return flat.astype(bool)
    flat = flat if name == "token" else flat.astype(np.float64)
    of_rollouts = name == "advantage" and len(flat) == len(edge) - 1 != edge[-1]
    return np.repeat(flat, np.diff(edge)) if of_rollouts else flat


def joined(parts: Sequence[Tokens]) -> Tokens:
    """Return several batches as one; a column that one of them lacks is left out."""
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, Any] = {}
    for field in fields(Tokens):
        values = [getattr(part, field.name) for part in parts]
        if field.name in ("start", "source", "notes") or any(value is None for value in values):
            continue
        if field.name in ("group", "rollout"):
            columns[field.name] = [name for value in values for name in value]
        else:
            columns[field.name] = np.concatenate(values)
    sizes = [part.size for part in parts]
    start = np.concatenate([[0], np.cumsum(np.concatenate(sizes))])
    return Tokens(start=start, source=parts[0].source, **columns)


FIRST_CHOICES: Mapping[str, tuple[str, ...]] = {
    "log_prob": ("old_log_prob", "rollout_log_prob"),
    "old_log_prob": ("rollout_log_prob", "log_prob"),
}
"""The columns that stand for one that was not logged, the first that is there."""
