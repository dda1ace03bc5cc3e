"""OpenHands: output.jsonl, one instance a line, evaluated in the line or by a report beside it.

Source: `EvalOutput` of All-Hands-AI/OpenHands (2025-11), whose evaluations write the verdict to
`test_result.report` or `report`, report.json or output.swebench_eval.jsonl.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row
from rlcalc.readers.rollouts.turns import action_name
from rlcalc.readers.rollouts.verdicts import Reports

EVALUATION = True
PARTS = True  # each experiment has an instance once, and the group is all of them
REWARD = "resolved"
NO_ACTION = ("system", "recall", "null", "change_agent_state", "condensation", "message_internal")
"""What an agent's events may hold that is not an action of it."""


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is one of OpenHands."""
    return {"instance_id", "test_result", "history"} <= record.keys()


def completed(record: Mapping[str, Any], path: str, reports: Reports) -> Mapping[str, Any]:
    """Return a record with its verdict, from the record or else from a report beside its file.

    Raises:
        InputError: there is neither.
    """
    tested = record.get("test_result") or {}
    for report in (tested.get("report"), record.get("report"), tested):
        if isinstance(report, dict) and REWARD in report:
            return {**record, REWARD: None if report.get("error_eval") else report[REWARD]}
    if record.get("error"):
        return {**record, REWARD: None}
    return {**record, REWARD: reports.verdict(str(record["instance_id"]), path)}


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the run of an instance."""
    metadata, metrics = record.get("metadata") or {}, record.get("metrics") or {}
    model = (metadata.get("llm_config") or metadata.get("llm") or {}).get("model")
    used = (metrics.get("accumulated_token_usage") or {}).get("completion_tokens")
    error, resolved = record.get("error"), record[REWARD]
    actions = [turn for event in record["history"] or [] if (turn := _action(event)) is not None]
    yield {
        "group": record["instance_id"],
        "run": "/".join(name for name in (metadata.get("agent_class"), model) if name) or None,
        "reward": {REWARD: None if resolved is None else float(resolved)},
        "length": used,
        "truncated": "maximum iteration" in str(error).lower(),
        "failed": error is not None,
        "stopped_by": None if error is None else str(error).partition(":")[0][:40],
        "question": record.get("instruction"),
        "response": (record.get("test_result") or {}).get("git_patch"),
        "turns": actions,
    }


def _action(event: Any) -> str | None:
    """Return the name of the action that an event is, None where the agent does nothing in it.

    Events are mappings; in old files, pairs of an action and what was observed.
    """
    event = event[0] if isinstance(event, list) and event else event
    if not isinstance(event, dict) or event.get("source") != "agent":
        return None
    if "kind" in event:  # version 1
        tool = event.get("tool_name")
        return tool if event["kind"] == "ActionEvent" else _message(event)
    name = event.get("action")
    if name is None or name in NO_ACTION:
        return None
    tool = (event.get("tool_call_metadata") or {}).get("function_name")
    return action_name([] if name == "message" else [tool or name])


def _message(event: Mapping[str, Any]) -> str | None:
    return action_name([]) if event["kind"] == "MessageEvent" else None
