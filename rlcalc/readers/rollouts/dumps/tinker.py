"""Tinker cookbook: {split}_rollout_summaries.jsonl, one rollout a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row, finite


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is one of Tinker."""
    return {"schema_version", "group_idx", "traj_idx"} <= record.keys()


RESTART = True


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rollout, as long as the actions of its steps together."""
    lengths = [step.get("ac_len") for step in record.get("steps") or []]
    metrics = record.get("trajectory_metrics") or {}
    yield {
        "group": record["group_idx"],
        "rollout": record["traj_idx"],
        "task": record.get("split"),
        "step": record.get("iteration"),
        "reward": {"total_reward": record.get("total_reward")},
        "more": {
            "final_reward": record.get("final_reward"),
            **{name: value for name, value in metrics.items() if finite(value)},
        },
        "length": sum(lengths) if lengths and None not in lengths else None,
    }
