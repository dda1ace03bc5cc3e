"""SWE-agent: an instance a file, INSTANCE.traj, whose reward is in the report of the evaluation.

Source: `AgentRunResult` of SWE-agent 1.1 (2026-07), and the files of 0.6 in its tests.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row
from rlcalc.readers.rollouts.turns import action_name
from rlcalc.readers.rollouts.verdicts import Reports

EVALUATION = True
PARTS = True  # each experiment has an instance once, and the group is all of them
INSTANCE, REWARD = "instance_id", "resolved"
WORD = re.compile(r"[^\s;|&<>()]+")
CUT = ("exit_context", "exit_cost", "exit_total_execution_time", "exit_command_timeout")
FINE = ("submitted", "early_exit", "skipped")


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a run of SWE-agent."""
    return {"trajectory", "info", "history"} <= record.keys()


def completed(record: Mapping[str, Any], path: str, reports: Reports) -> Mapping[str, Any]:
    """Return a run with its instance, which is the name of its file, and the verdict about it.

    Raises:
        InputError: no report stands beside the run.
    """
    instance = os.path.basename(path).removesuffix(".traj").removesuffix(".json")
    return {**record, INSTANCE: instance, "path": path, REWARD: reports.verdict(instance, path)}


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the run; a turn's action is the first word of its command."""
    info = record["info"] or {}
    status = info.get("exit_status")
    history = record["history"] or []
    yield {
        "group": record[INSTANCE],
        "rollout": _name(record["path"]),
        "run": _model(record.get("replay_config")),
        "reward": {REWARD: record[REWARD]},
        "length": (info.get("model_stats") or {}).get("tokens_received"),
        "truncated": any(cut in str(status) for cut in CUT),
        "failed": status is None or not str(status).startswith(FINE),
        "stopped_by": status,
        "question": next((m.get("content") for m in history if m.get("role") == "user"), None),
        "response": info.get("submission"),
        "turns": [action_name(WORD.findall(step["action"])[:1]) for step in record["trajectory"]],
    }


def _name(path: str) -> str:
    """Return the path of a run without what comes twice: EXPERIMENT/INSTANCE/INSTANCE.traj."""
    folder, stem = os.path.dirname(path), os.path.splitext(path)[0]
    return folder if os.path.basename(folder) == os.path.basename(stem) else stem


def _model(config: Any) -> str | None:
    """Return the model's name, which the configuration of a run holds since version 1."""
    try:
        value = json.loads(config) if isinstance(config, str) else config
        return str(value["agent"]["model"]["name"])
    except (ValueError, KeyError, TypeError):
        return None
