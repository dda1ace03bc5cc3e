"""Columns of lists, as they were read → Tokens, with every length checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import InputError
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.readers.tokens.names import TokenRequest
from rlcalc.tokens import LOG_PROBABILITIES, PER_TOKEN, Tokens

ORDER = (*LOG_PROBABILITIES, "advantage", "reward", "value", "target", "old_value", "mask", "token")
"""The fields with lists; the first that is there says how many tokens a rollout has."""


class TokenError(InputError):
    """A source has lists of tokens, and they do not fit each other."""


@dataclass
class Columns:
    """The columns of some rollouts by field: lists laid end to end, and one value a rollout."""

    n: int  # rollouts
    lists: dict[str, tuple[NDArray[Any], Ints]] = field(default_factory=dict)  # values, lengths
    scalars: dict[str, Any] = field(default_factory=dict)  # [N] each
    row: Ints | None = None  # [N] the row of the source, from 0

    @classmethod
    def of_records(cls, records: Sequence[Mapping[str, Any]], rows: Sequence[int]) -> Columns:
        """Return the columns of records whose keys are fields.

        Raises:
            TypeError: a list holds something that is not a number.
            ValueError: likewise.
        """
        columns = cls(len(records), row=np.array(rows, np.int64))
        for name in dict.fromkeys(key for record in records for key in record):
            values = [record.get(name) for record in records]
            if any(isinstance(value, list) for value in values):
                sizes = [len(value) if isinstance(value, list) else 0 for value in values]
                flat = [one for value in values if isinstance(value, list) for one in value]
                kind = None if name == "token" else np.float64
                columns.lists[name] = np.array(flat, kind), np.array(sizes, np.int64)
            else:
                columns.scalars[name] = values
        return columns


def assemble(columns: Columns, request: TokenRequest, source: str) -> Tokens:
    """Return the tokens of some rollouts.

    Args:
        columns: what was read.
        request: the fields that are needed, and the size of groups without a name.
        source: the file, for messages.

    Raises:
        InputError: lists of unequal length, or a mask that is neither 0 nor 1.
    """
    row = np.arange(columns.n) if columns.row is None else columns.row
    lists = _with_rewards(columns)
    attention = lists.pop("attention", None)
    first = next((name for name in ORDER if name in lists), None)
    if first is None:
        raise InputError(
            "no column holds a list of numbers, one for each token",
            source,
            "give list columns such as log_probs and advantages",
        )
    size = lists[first][1]
    ready: dict[str, Any] = {}
    for name in ORDER:
        if name in lists:
            values, sizes = lists[name]
            if name == "token" and (sizes >= size).all():
                values, sizes = _tails(values, sizes, size), size
            _require_sizes(name, sizes, first, size, source, row)
            ready[name] = values.astype(np.float64, copy=False) if name in PER_TOKEN else values
    start = np.concatenate([[0], np.cumsum(size)])
    ready["mask"] = _mask(columns, ready.pop("mask", None), size, start, source, row)
    if "advantage" not in ready and "advantage" in columns.scalars:
        ready["advantage"] = np.repeat(_numbers(columns.scalars["advantage"]), size)
    if attention is not None:
        ready["unpadded"] = _unpadded(*attention, size)
    return Tokens(
        start=start, row=row, source=source, **ready, **_of_rollouts(columns, ready, start, request)
    )


def _unpadded(attention: NDArray[Any], sizes: Ints, size: Ints) -> Ints | None:
    """Return [N] the tokens of each rollout before its padding, by an attention mask.

    None: it is of other tokens too, such as the prompt's, or the padding is on the left.
    """
    if not np.array_equal(sizes, size):
        return None
    start = np.concatenate([[0], np.cumsum(size)])
    ones = attention.astype(bool)
    count: Ints = np.diff(np.concatenate([[0], np.cumsum(ones)])[start])
    place = np.arange(start[-1]) - np.repeat(start[:-1], size)
    return count if np.array_equal(ones, place < np.repeat(count, size)) else None


def _with_rewards(columns: Columns) -> dict[str, tuple[NDArray[Any], Ints]]:
    """Return the lists; rewards in a list are of tokens, or of one entry the rollout's.

    So is an advantage in a list of one, where rollouts have other lengths.
    """
    lists = dict(columns.lists)
    others = [sizes for name, (_, sizes) in lists.items() if name in LOG_PROBABILITIES]
    sizes = lists["advantage"][1] if "advantage" in lists else None
    if sizes is not None and others and (sizes == 1).all() and not (others[0] == 1).all():
        columns.scalars["advantage"] = lists.pop("advantage")[0]
    if "score" in lists:
        values, sizes = lists.pop("score")
        if (sizes == 1).all():
            columns.scalars["score"] = values
        else:
            lists.setdefault("reward", (values, sizes))
    return lists


def _of_rollouts(
    columns: Columns, ready: Mapping[str, Any], start: Ints, request: TokenRequest
) -> dict[str, Any]:
    """Return what is known of rollouts: group, name, reward and step."""
    scalars, known = columns.scalars, dict[str, Any]()
    if "score" in scalars and (score := _numbers(scalars["score"], None)) is not None:
        known["score"] = score
    elif "reward" in ready:
        counted = np.where(ready["mask"], ready["reward"], 0.0)
        known["score"] = np.add.reduceat(np.append(counted, 0.0), start[:-1]) * (np.diff(start) > 0)
    group = scalars.get("group", scalars.get("prompt"))
    if request.group_size is not None:
        row = np.arange(columns.n) if columns.row is None else columns.row
        group = row // request.group_size
    if group is not None:
        known["group"] = group
    if "rollout" in scalars:
        known["rollout"] = scalars["rollout"]
    steps = _numbers(scalars["step"], None) if "step" in scalars else None
    if steps is not None:
        known["step"] = np.where(np.isfinite(steps), steps, -1).astype(np.int64)
    return known


def _numbers(values: Any, otherwise: float | None = np.nan) -> Any:
    """Return one number a rollout, NaN where there is none; `otherwise` None: none are numbers."""
    try:
        return np.array([np.nan if v is None else v for v in list(values)], np.float64)
    except (TypeError, ValueError):
        return None if otherwise is None else np.full(len(values), otherwise)


def _tails(values: NDArray[Any], sizes: Ints, size: Ints) -> NDArray[Any]:
    """Return the last entries of each list: prompts stand before responses."""
    if (sizes == size).all():
        return values
    end = np.cumsum(sizes)
    start = np.concatenate([[0], np.cumsum(size)])
    tails: NDArray[Any] = values[np.arange(start[-1]) + np.repeat(end - size - start[:-1], size)]
    return tails


def _require_sizes(name: str, sizes: Ints, first: str, size: Ints, source: str, row: Ints) -> None:
    wrong = np.flatnonzero(sizes != size)
    if len(wrong):
        i = int(wrong[0])
        raise TokenError(
            f"there are {size[i]} {first} and {sizes[i]} {name}",
            f"{source}, row {int(row[i]) + 1}",
            "give one of each for every token of the response, or leave out the column",
        )


def _mask(
    columns: Columns, mask: Any, size: Ints, start: Ints, source: str, row: Ints
) -> NDArray[np.bool_]:
    if mask is not None:
        flags: NDArray[np.bool_] = mask.astype(bool)
        wrong = flags != mask.astype(np.float64)
        if wrong.any():
            token = int(np.argmax(wrong))
            i = int(np.searchsorted(start, token, side="right")) - 1
            raise TokenError(
                f"the mask holds {mask[token]:g}, expected 0 or 1",
                f"{source}, row {int(row[i]) + 1}, token {token - int(start[i])}",
                "give 1 for the tokens that are trained on, else 0",
            )
        return flags
    length = columns.scalars.get("response_length")
    numbers = None if length is None else _numbers(length, None)
    if numbers is None or not (numbers <= size).all():
        return np.ones(int(start[-1]), bool)
    place: Floats = np.arange(start[-1]) - np.repeat(start[:-1], size)
    return place < np.repeat(numbers, size)
