"""verifiers up to 0.3: results.jsonl, one rollout a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Layout


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record, or a table with these columns, is one of verifiers."""
    return {"example_id", "completion", "reward"} <= record.keys()


def layout(names: Sequence[str], numbers: Sequence[str]) -> Layout:
    """Return where the table has what; see `trl.layout`."""
    return Layout(
        reward=("reward",),
        group="example_id",
        prompt="prompt",
        response="completion",
        truncated="is_truncated" if "is_truncated" in names else None,
        length="token_usage.output_tokens" if "token_usage" in names else None,
    )
