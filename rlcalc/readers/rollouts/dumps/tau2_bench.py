"""tau2-bench: `results.json` with its simulations, or each in a file of the folder `simulations`.

Source: `Results` and `SimulationRun` of sierra-research/tau2-bench, 2026-08.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row, finite
from rlcalc.readers.rollouts.turns import turns_of_messages

EVALUATION = True
EMPTY = "there are no simulations in these results", "give the file of a run that has some"
FAILED = ("agent_error", "user_error", "infrastructure_error", "unexpected_error")
CUT = ("max_steps", "timeout", "context_window_exceeded")


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is the results of a run, or one simulation."""
    return {"simulations", "tasks", "info"} <= record.keys() or (
        {"task_id", "termination_reason", "reward_info"} <= record.keys()
    )


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the simulations of a run; without messages those that its index lists."""
    if "simulations" not in record:
        yield _row(record, {})
        return
    info = record.get("info") or {}
    owners = {
        "task": (info.get("environment_info") or {}).get("domain_name"),
        "run": (info.get("agent_info") or {}).get("llm"),
    }
    for one in record["simulations"] or record.get("simulation_index") or []:
        yield _row(one, {name: owner for name, owner in owners.items() if owner})


def _row(simulation: Mapping[str, Any], owners: Mapping[str, str]) -> Row:
    messages = simulation.get("messages") or []
    spoken = [one for one in messages if one.get("role") == "assistant"]
    used = [(one.get("usage") or {}).get("completion_tokens") for one in spoken]
    reason, info = simulation["termination_reason"], simulation.get("reward_info") or {}
    parts = info.get("reward_breakdown") or {}
    return {
        **owners,
        "group": simulation["task_id"],
        "rollout": simulation.get("id") or f"{simulation['task_id']}/{simulation.get('trial')}",
        "reward": {"reward": info.get("reward", simulation.get("reward"))},
        "more": {name: value for name, value in parts.items() if finite(value)},
        "length": sum(used) if used and None not in used else None,
        "truncated": reason in CUT,
        "failed": reason in FAILED,
        "stopped_by": reason,
        "question": next((m.get("content") for m in messages if m.get("role") == "user"), None),
        "response": spoken[-1].get("content") if spoken else None,
        "turns": turns_of_messages(messages),
    }
