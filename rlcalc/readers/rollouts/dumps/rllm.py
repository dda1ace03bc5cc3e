"""rLLM: episode_hash{H}_id{ID}.json, one episode a file, grouped by task and agent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row

PARTS = True  # a file is an episode, and a group has several


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is one of rLLM."""
    return {"training_step", "episode_id", "trajectories"} <= record.keys()


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the trajectories of an episode."""
    task = record.get("task_hash") or str(record["episode_id"]).partition(":")[0]
    several = len({t.get("name") for t in record["trajectories"]}) > 1
    for trajectory in record["trajectories"]:
        steps = trajectory.get("steps") or []
        name = trajectory.get("name")
        yield {
            "group": f"{task}/{name}" if several else task,
            "rollout": f"{record['episode_id']}/{name}" if several else record["episode_id"],
            "step": record["training_step"],
            "reward": {"reward": trajectory.get("reward")},
            "truncated": "max" in str(record.get("termination_reason")).lower(),
            "failed": "error" in str(record.get("termination_reason")).lower(),
            "stopped_by": record.get("termination_reason"),
            "question": steps[0].get("observation") if steps else None,
            "response": steps[-1].get("action") if steps else None,
        }
