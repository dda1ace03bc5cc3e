"""tau-bench: a JSON list of results, one a trial of a task.

Source: `EnvRunResult` of sierra-research/tau-bench, 2026-03. A trial that raised an error has the
reward 0 and no messages; it counts as that, and as an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row
from rlcalc.readers.rollouts.turns import turns_of_messages

EVALUATION = True


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is one of tau-bench."""
    return {"task_id", "trial", "reward", "info", "traj"} <= record.keys()


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the trial; its messages begin with the policy and the words of the user."""
    messages = record["traj"] or []
    spoken = [message for message in messages if message.get("role") == "assistant"]
    yield {
        "group": record["task_id"],
        "rollout": f"{record['task_id']}/{record['trial']}",
        "reward": {"reward": record["reward"]},
        "failed": "error" in (record.get("info") or {}),
        "question": next((m.get("content") for m in messages if m.get("role") == "user"), None),
        "response": spoken[-1].get("content") if spoken else None,
        "turns": turns_of_messages(messages),
    }


def names_of_file(path: str) -> dict[str, str]:
    """Return the file as the run: tasks are numbers, and a file is of one domain and one model."""
    return {"run": path}
