"""SkyRL's evaluation dumps: {source}.jsonl, one rollout a line, grouped by the prompt's text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row

EVALUATION = True

LOG_PROBABILITIES = (
    "before the batch is dumped in trainer.py: import polars as pl; names = ('action_log_probs', "
    "'base_action_log_probs', 'rollout_logprobs', 'advantages', 'response_mask'); pl.DataFrame({n: "
    "data[n].tolist() for n in names if data.get(n) is not None})"
    ".write_parquet(f'tokens_{self.global_step}.parquet')"
)
"""The lines that dump the batch."""


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is one of SkyRL."""
    return {"input_prompt", "output_response", "score"} <= record.keys()


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rollout; a score for every token adds up."""
    score = record["score"]
    yield {
        "prompt": record["input_prompt"],
        "reward": {"score": sum(score) if isinstance(score, list) else score},
        "truncated": record.get("stop_reason") == "length",
        "stopped_by": record.get("stop_reason"),
        "response": record["output_response"],
    }
