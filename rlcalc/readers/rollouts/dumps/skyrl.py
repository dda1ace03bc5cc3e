"""SkyRL's evaluation dumps: {source}.jsonl, one rollout a line, grouped by the prompt's text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row

EVALUATION = True


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
