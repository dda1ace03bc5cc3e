"""verifiers up to 0.3: results.jsonl, one rollout a line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Layout

EVALUATION = True


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
        failed="error" if "error" in names else None,
        stopped_by="stop_condition" if "stop_condition" in names else None,
        length="token_usage.output_tokens" if "token_usage" in names else None,
    )


def names_of_file(path: str) -> dict[str, str]:
    """Return the folder of a file: that of an evaluation, which numbers its examples from 0."""
    return {"task": os.path.dirname(path)}
