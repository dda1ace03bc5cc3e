"""prime-rl's token export: token_exports/step_N/rank_R.jsonl, a packed sequence a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.errors import InputError
from rlcalc.readers.rollouts.dumps.layout import Row


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is one of such an export."""
    return {"schema_version", "inference_logprobs", "loss_mask"} <= record.keys()


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Refuse the record: it is of tokens.

    Raises:
        InputError: always.
    """
    raise InputError(
        "prime-rl's token exports hold neither groups nor rewards",
        fix="give the traces.jsonl of the same step; rlcalc objective reads the tokens",
    )


def tokens(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield what is logged of the tokens of each sequence; one begins at position 0."""
    names = {
        "mask": "loss_mask",
        "token": "token_ids",
        "advantage": "advantages",
        "log_prob": "trainer_logprobs",
        "rollout_log_prob": "inference_logprobs",
        "ref_log_prob": "ref_logprobs",
    }
    lists = {field: record[name] for field, name in names.items() if record.get(name) is not None}
    n = len(lists["mask"])
    places = record.get("position_ids") or range(n)
    begins = [place for place in range(n) if place == 0 or places[place] == 0]
    for begin, end in zip(begins, [*begins[1:], n], strict=True):
        yield {
            "rollout": record.get("export_sequence_idx"),
            "step": record.get("step"),
            **{field: values[begin:end] for field, values in lists.items()},
        }
