"""AReaL: {version}/{task_id}.jsonl, one rollout a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Layout


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record, or a table with these columns, is one of AReaL."""
    return {"task_id", "sample_idx", "seqlen", "reward"} <= record.keys()


def layout(names: Sequence[str], numbers: Sequence[str]) -> Layout:
    """Return where the table has what; the prompt's tokens are not trained on. See `trl.layout`."""
    return Layout(
        reward=("reward",),
        group="task_id",
        rollout="sample_idx",
        prompt="prompt",
        response="completion",
        step="tail_version" if "tail_version" in names else None,
        length="seqlen",
        derive={"length": _without_prompt} if "prompt_len" in names else {},
        beside=("prompt_len",) if "prompt_len" in names else (),
    )


def _without_prompt(length: Any) -> Any:
    import polars as pl

    return length - pl.col("prompt_len")
