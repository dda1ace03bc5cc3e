"""verifiers from 0.4 and prime-rl: traces.jsonl, an episode of one or more traces a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row, finite


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is such an episode."""
    return isinstance(record.get("traces"), list) and "task" in record


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the trainable traces of an episode that did not fail."""
    task = record.get("task") or {}
    group = (record.get("group") or {}).get("id") or task.get("hash") or task.get("key")
    work = (record.get("run") or {}).get("work") or {}
    roles = {trace["agent"].get("name") for trace in record["traces"] if trace.get("agent")}
    for trace in record["traces"]:
        if trace.get("agent", {}).get("trainable") is False or trace.get("errors"):
            continue
        rewards = {k: v for k, v in (trace.get("rewards") or {}).items() if v is not None}
        total = (
            sum(v["score"] * v.get("weight", 1.0) for v in rewards.values()) if rewards else None
        )
        nodes = [node for node in trace.get("nodes") or [] if node.get("sampled")]
        advantages = [a for node in nodes for a in node.get("advantages") or []]
        masks = [node["mask"] for node in nodes if node.get("mask") is not None]
        yield {
            "group": f"{group}/{trace['agent'].get('name')}" if len(roles) > 1 else group,
            "rollout": trace.get("id"),
            "step": work.get("step"),
            "reward": {"reward": total},
            "more": {
                **{name: v["score"] for name, v in rewards.items()},
                **{k: v for k, v in (trace.get("metrics") or {}).items() if finite(v)},
            },
            "advantage": advantages[0] if advantages else None,
            "length": sum(map(sum, masks)) if masks else None,
            "truncated": _cut(trace),
            "question": _question(trace),
            "response": nodes[-1]["message"].get("content") if nodes else None,
        }


def _question(trace: Mapping[str, Any]) -> Any:
    prompts = [node for node in trace.get("nodes") or [] if not node.get("sampled")]
    return (prompts[0].get("message") or {}).get("content") if prompts else None


def _cut(trace: Mapping[str, Any]) -> bool:
    reasons = [call.get("finish_reason") for call in trace.get("calls") or []]
    return "length" in reasons or trace.get("stop_condition") in ("length", "max_tokens")
