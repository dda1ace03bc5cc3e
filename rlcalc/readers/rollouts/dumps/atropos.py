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


def tokens(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield what is logged of the tokens of each rollout; a mask of -100 is a token of the prompt.

    Raises:
        InputError: its lists are of different lengths.
    """
    group = (
        str(record["tokens"][0][: _first_trained(record["masks"][0])]) if record["masks"] else ""
    )
    names = {
        "token": "tokens",
        "advantage": "advantages",
        "rollout_log_prob": "inference_logprobs",
        "ref_log_prob": "ref_logprobs",
    }
    lists = {field: record[name] for field, name in names.items() if record.get(name) is not None}
    scores = record["scores"] or [None] * len(record["masks"])
    for place, mask in enumerate(record["masks"]):
        yield {
            "group": group,
            "rollout": place,
            "score": scores[place],
            "mask": [int(token != -100) for token in mask],
            **{field: values[place] for field, values in lists.items()},
        }


def _first_trained(mask: list[int]) -> int:
    return next((place for place, token in enumerate(mask) if token != -100), len(mask))
