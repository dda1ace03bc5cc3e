"""Rows of nested dumps: what a dump module made of a record, checked, as a frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

import polars as pl

from rlcalc.errors import InputError, shown
from rlcalc.labels import text_of_label
from rlcalc.readers.rollouts.columns import (
    NUMBERS,
    REWARD,
    WHOLE,
    as_plain_text,
    hashed,
    kept_questions,
    value_of_type,
)
from rlcalc.readers.rollouts.dumps.layout import Row
from rlcalc.readers.rollouts.origins import ID

if TYPE_CHECKING:
    from rlcalc.readers.rollouts.request import RolloutRequest


TEXTS = {"group", "rollout", "prompt", "response", "task", "run", "filter", "stopped_by"}


KINDS: dict[str, Any] = {**dict.fromkeys(NUMBERS, pl.Float64), "step": pl.Int64()}


def rollouts_of_record(
    module: ModuleType,
    record: Mapping[str, Any],
    where: str,
    form: str,
    complete: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
) -> list[Row]:
    """Return the rollouts of a record.

    Args:
        module: of its format.
        record: holds rollouts.
        where: it stands.
        form: the name of the format.
        complete: adds what stands beside its file.

    Raises:
        InputError: the record is not what its format says.
    """
    if not hasattr(module, "rows"):
        raise InputError(
            f"this is not a record of {form}", where, "leave out --from, or name another format"
        )
    try:
        return list(module.rows(record if complete is None else complete(record)))
    except InputError as error:
        fault = error.faults[0]
        raise InputError(fault.what, fault.where or where, fault.fix) from error
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else shown(str(error))
        raise InputError(
            f"this is not a record of {form}: {what}",
            where,
            "leave it out, or name another format with --from",
        ) from error


def checked_rollout(row: Row, request: RolloutRequest, where: str) -> Row:
    """Return a rollout of a nested dump with the rewards that were asked for, as numbers.

    Raises:
        InputError: a value is not a number, or there is no reward.
    """
    row["reward"] = _requested(row, request)
    if row.get("group", row.get("prompt", "the record")) is None:
        raise InputError("the group is missing", where, "correct this row or leave it out")
    if not row["reward"] and "scores" not in row and not row.get("unscored"):
        raise InputError("there is no reward", where, "correct this row or leave it out")
    for name, value in row["reward"].items():
        row["reward"][name] = _reward(value, name, where)
    for name in (*NUMBERS, "step"):
        if row.get(name) is not None:
            row[name] = value_of_type(row[name], KINDS[name], name, where)
    if not 0 <= (row.get("length") or 0.0) < WHOLE and not math.isnan(row["length"]):
        raise InputError(
            f"length is {row['length']:g}, expected a length from 0", where, "correct it"
        )
    return row


def _requested(row: Row, request: RolloutRequest) -> dict[str, Any]:
    """Return the rewards that were asked for, of which a rollout may lack some."""
    if "scores" in row:  # which of them counts is known when all rows are
        return {}
    if not request.reward:
        return dict(row["reward"])
    known = {**row.get("more", {}), **row["reward"]}
    return {name: known.get(name) for name in request.reward}


def _reward(value: Any, name: str, where: str) -> float | None:
    number: float | None = value_of_type(value, pl.Float64, name, where)
    if number is not None and math.isinf(number):
        raise InputError(
            f"{shown(name)} is {number}, expected a finite number, or none",
            where,
            "correct this row",
        )
    return number


def frame_of_rollouts(rows: list[Row], request: RolloutRequest) -> pl.DataFrame:
    """Return rollouts as a frame; the hash of a prompt is its group.

    Args:
        rows: a rollout each.
        request: whether to keep how prompts begin, and to tell equal ones.
    """
    rewards = list(dict.fromkeys(name for row in rows for name in row["reward"]))
    columns = {
        REWARD + name: pl.Series([row["reward"].get(name) for row in rows], dtype=pl.Float64)
        for name in rewards
    }
    if "scores" in rows[0]:
        for name in dict.fromkeys(name for row in rows for name in row["scores"]):
            scores = [row["scores"].get(name) for row in rows]
            columns[f"score:{name}"] = pl.Series(scores, dtype=pl.Float64, strict=False)
        columns["scored"] = pl.repeat(None, len(rows), dtype=pl.Boolean, eager=True)
    if request.turns and any("turns" in row for row in rows):
        columns |= _turns(rows)
    present = {name for row in rows for name, value in row.items() if value is not None}
    for name in present & {*NUMBERS, "step"}:
        kind = pl.Int64() if name == "step" else pl.Float64()
        columns[name] = pl.Series([row.get(name) for row in rows], dtype=kind)
    if "truncated" in present:
        columns["truncated"] = pl.Series([bool(row.get("truncated")) for row in rows])
    if "failed" in present:
        columns["failed"] = pl.Series([bool(row.get("failed")) for row in rows])
    for name in present & TEXTS:
        values = [row.get(name) for row in rows]
        to_text = text_of_label if name in ("group", "rollout") else as_plain_text
        texts = [None if value is None else to_text(value) for value in values]
        columns[name] = pl.Series(texts, dtype=pl.String)
    for name in dict.fromkeys(name for row in rows for name in row.get("ids", ())):
        ids = [row["ids"].get(name) for row in rows]
        columns[ID + name] = pl.Series(ids, dtype=pl.String)
    frame = pl.DataFrame({**columns, **_questions(rows, request)})
    if "prompt" in frame.columns:
        frame = frame.with_columns(group=hashed(pl.col("prompt"))).drop("prompt")
    return frame


def _turns(rows: list[Row]) -> dict[str, pl.Series]:
    """Return the actions of the turns of each rollout, and their rewards where there are some."""
    turns = [row.get("turns") or [] for row in rows]
    columns = {"turns": pl.Series(turns, dtype=pl.List(pl.String))}
    if any("turn_rewards" in row for row in rows):
        rewards = [row.get("turn_rewards") for row in rows]
        columns["turn_rewards"] = pl.Series(rewards, dtype=pl.List(pl.Float64))
    return columns


def _questions(rows: list[Row], request: RolloutRequest) -> dict[str, pl.Series]:
    """Return what is kept of prompts, if anything."""
    if not request.questions:
        return {}
    questions = [row.get("question", row.get("prompt")) for row in rows]
    texts = [None if question is None else as_plain_text(question) for question in questions]
    return kept_questions(pl.Series(texts, dtype=pl.String), request)
