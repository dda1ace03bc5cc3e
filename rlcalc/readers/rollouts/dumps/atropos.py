"""atropos: one group a line, with its rollouts in lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.errors import InputError
from rlcalc.readers.rollouts.dumps.layout import Row


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is one of atropos."""
    return {"tokens", "masks", "scores"} <= record.keys()


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rollouts of a group; the line is the group, and unscored if its scores are null.

    Raises:
        InputError: its lists are of different lengths.
    """
    masks = record["masks"] or []
    scores = record["scores"] or [None] * len(masks)  # the environment dropped the group
    advantages = record.get("advantages") or [None] * len(scores)
    if not len(scores) == len(masks) == len(advantages):
        what = f"{len(scores)} scores, {len(masks)} masks and {len(advantages)} advantages"
        raise InputError(what, fix="give one each of every rollout, or leave out this line")
    for score, mask, advantage in zip(scores, masks, advantages, strict=True):
        trained = [place for place, token in enumerate(mask) if token != -100]
        first = advantage[trained[0]] if advantage and trained else None
        yield {
            "reward": {"score": score},
            "advantage": first,
            "length": len(trained),
        }
