"""verifiers from 0.4 and prime-rl: traces.jsonl, an episode of one or more traces a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row, RunInfo, finite


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is such an episode."""
    return isinstance(record.get("traces"), list) and "task" in record


def about_run(record: Mapping[str, Any]) -> RunInfo:
    """Return whether an episode is one of an evaluation, not of a training."""
    run = record.get("run")
    return RunInfo(evaluation=isinstance(run, dict) and run.get("type") == "eval")


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the trainable traces of an episode; those that failed have no reward."""
    task, run = record.get("task") or {}, record.get("run") or {}
    group = (record.get("group") or {}).get("id") or task.get("hash") or task.get("key")
    shared = {
        "run": run.get("id") if about_run(record).evaluation else None,
        "step": (run.get("work") or {}).get("step"),
    }
    roles = {trace["agent"].get("name") for trace in record["traces"] if trace.get("agent")}
    if not record["traces"] and record.get("errors"):  # it failed before a trace began
        nothing: Row = {"reward": {"reward": None}, "failed": True}
        yield {**shared, "group": group, "rollout": record.get("id"), **nothing}
    for trace in record["traces"]:
        if (trace.get("agent") or {}).get("trainable") is False:
            continue
        nodes = [node for node in trace.get("nodes") or [] if node.get("sampled")]
        advantages = [a for node in nodes for a in node.get("advantages") or []]
        yield {
            **shared,
            **_rewards(trace),
            "group": f"{group}/{trace['agent'].get('name')}" if len(roles) > 1 else group,
            "rollout": trace.get("id"),
            "advantage": advantages[0] if advantages else None,
            "length": _length(trace, nodes),
            "truncated": _cut(trace),
            "stopped_by": _stop(trace),
            "question": _question(trace),
            "response": nodes[-1]["message"].get("content") if nodes else None,
        }


def tokens(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield what is logged of the tokens of each trainable trace, those of the prompt masked."""
    about = {row["rollout"]: row for row in rows(record)}
    for trace in record["traces"]:
        row = about.get(trace.get("id"))
        if row is None:
            continue
        nodes = [node for node in trace.get("nodes") or [] if node.get("token_ids")]
        logged = all("logprobs" in node for node in nodes if any(node.get("mask") or []))
        advised = all("advantages" in node for node in nodes if any(node.get("mask") or []))
        lists: dict[str, list[Any]] = {"token": [], "mask": []}
        lists |= {"rollout_log_prob": []} if logged and nodes else {}
        lists |= {"advantage": []} if advised and nodes else {}
        for node in nodes:
            n = len(node["token_ids"])
            lists["token"] += node["token_ids"]
            lists["mask"] += node.get("mask") or [0] * n
            for field, name in (("rollout_log_prob", "logprobs"), ("advantage", "advantages")):
                if field in lists:
                    values = node.get(name) or []
                    lists[field] += [None] * (n - len(values)) + values
        yield {
            "group": row["group"],
            "rollout": row["rollout"],
            "score": row["reward"]["reward"],
            "step": row["step"],
            **lists,
        }


def _rewards(trace: Mapping[str, Any]) -> Row:
    """Return the weighted sum of the scores, the scores and metrics, and whether it failed."""
    if trace.get("errors"):
        return {"reward": {"reward": None}, "failed": True}
    scores = {name: v for name, v in (trace.get("rewards") or {}).items() if v is not None}
    total = sum(v["score"] * v.get("weight", 1.0) for v in scores.values()) if scores else None
    metrics = {name: v for name, v in (trace.get("metrics") or {}).items() if finite(v)}
    return {
        "reward": {"reward": total},
        "more": {**{name: v["score"] for name, v in scores.items()}, **metrics},
        "failed": False,
    }


def _length(trace: Mapping[str, Any], nodes: list[Mapping[str, Any]]) -> int | None:
    """Return the tokens that were sampled; an endpoint without tokens says how many it used."""
    masks = [node["mask"] for node in nodes if node.get("mask")]
    if masks:
        return sum(sum(mask) for mask in masks)
    used = [(call.get("usage") or {}).get("completion_tokens") for call in trace.get("calls") or []]
    known: list[int] = [tokens for tokens in used if tokens is not None]
    return sum(known) if known and len(known) == len(used) else None


def _stop(trace: Mapping[str, Any]) -> str | None:
    """Return why a trace ended: the trace's own word, or else that of its last call."""
    calls = [call.get("finish_reason") for call in trace.get("calls") or []]
    stop = trace.get("stop_condition") or next((end for end in reversed(calls) if end), None)
    return None if stop is None else str(stop)


def _question(trace: Mapping[str, Any]) -> Any:
    prompts = [node for node in trace.get("nodes") or [] if not node.get("sampled")]
    return (prompts[0].get("message") or {}).get("content") if prompts else None


def _cut(trace: Mapping[str, Any]) -> bool:
    reasons = [call.get("finish_reason") for call in trace.get("calls") or []]
    return "length" in reasons or trace.get("stop_condition") in ("length", "max_tokens")
