"""open-instruct: {run}_rollouts_{shard}.jsonl, one rollout a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Layout


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record, or a table with these columns, is one of open-instruct."""
    return {"prompt_idx", "response_tokens", "reward"} <= record.keys()


def layout(names: Sequence[str], numbers: Sequence[str]) -> Layout:
    """Return where the table has what; see `trl.layout`."""
    return Layout(
        reward=("reward",),
        group="prompt_idx",
        rollout="sample_idx" if "sample_idx" in names else None,
        step="step" if "step" in names else None,
        advantage="advantage" if "advantage" in names else None,
        length="response_tokens",
        truncated="finish_reason" if "finish_reason" in names else None,
        stopped_by="finish_reason" if "finish_reason" in names else None,
        restart=True,
        derive={
            "length": lambda tokens: tokens.list.len(),
            "truncated": lambda reason: reason == "length",
        },
        kinds={"length": "list", "truncated": "text"},
    )
