"""slime's rollouts, once the pickle that it writes has become JSONL, one sample a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row, finite


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a sample of slime."""
    return {"group_index", "status", "reward"} <= record.keys()


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the sample; several samples of one rollout_id are one rollout."""
    reward, mask = record["reward"], record.get("loss_mask")
    parts = {k: v for k, v in reward.items() if finite(v)} if isinstance(reward, dict) else {}
    rollout = record.get("rollout_id")
    yield {
        "group": record["group_index"],
        "rollout": record.get("index") if rollout is None else f"rollout {rollout}",
        "reward": parts if isinstance(reward, dict) else {"reward": reward},
        "length": sum(mask) if mask else record.get("response_length"),
        "truncated": record["status"] == "truncated",
        "failed": record["status"] == "failed",
        "stopped_by": record["status"],
        "question": record.get("prompt"),
        "response": record.get("response"),
    }


RESTART = True
