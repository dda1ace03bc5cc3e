"""SWE-agent: an instance a file, INSTANCE.traj, whose reward is in the report of the evaluation.

Source: `AgentRunResult` of SWE-agent 1.1 (2026-07), and the files of 0.6 in its tests; the output
of mini-swe-agent 1 and 2 (2026-07), INSTANCE.traj.json, which is a list of messages.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row
from rlcalc.readers.rollouts.turns import action_name, tools_of_message
from rlcalc.readers.rollouts.verdicts import Reports

EVALUATION = True
PARTS = True  # each experiment has an instance once, and the group is all of them
INSTANCE, REWARD = "instance_id", "resolved"
WORD = re.compile(r"[^\s;|&<>()]+")
COMMAND = re.compile(r"```(?:bash|mswea_bash_command)\n(.*?)```", re.DOTALL)
CUT = (
    "exit_context", "exit_cost", "exit_total_execution_time", "exit_command_timeout",
    "LimitsExceeded", "ContextWindowExceeded",
)  # fmt: skip
FINE = ("submitted", "early_exit", "skipped")


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a run of SWE-agent."""
    return {"trajectory", "info", "history"} <= record.keys() or (
        {"messages", "info"} <= record.keys()
        and str(record.get("trajectory_format")).startswith("mini-swe-agent")
    )


def completed(record: Mapping[str, Any], path: str, reports: Reports) -> Mapping[str, Any]:
    """Return a run with its instance, which is the name of its file, and the verdict about it.

    Raises:
        InputError: no report stands beside the run.
    """
    instance = os.path.basename(path).removesuffix(".json").removesuffix(".traj")
    return {**record, INSTANCE: instance, "path": path, REWARD: reports.verdict(instance, path)}


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the run; a turn's action is the first word of its command."""
    info = record["info"] or {}
    status = info.get("exit_status") or None
    stats, is_mini = info.get("model_stats") or {}, "trajectory" not in record
    history = record["messages" if is_mini else "history"] or []
    spoken = [one for one in history if one.get("role") == "assistant"]
    yield {
        "group": record[INSTANCE],
        "rollout": _name(record["path"]),
        "run": _model(info.get("config") if is_mini else record.get("replay_config")),
        "reward": {REWARD: record[REWARD]},
        "length": _tokens(spoken) if is_mini else stats.get("tokens_received"),
        "truncated": any(cut in str(status) for cut in CUT),
        "failed": status is None or not str(status).lower().startswith(FINE),
        "stopped_by": status,
        "question": next((m.get("content") for m in history if m.get("role") == "user"), None),
        "response": info.get("submission"),
        "turns": [_turn(one) for one in (spoken if is_mini else record["trajectory"])],
    }


def _turn(step: Mapping[str, Any]) -> str:
    """Return the name of a turn: the first words of its commands, or else the tools it calls."""
    if "action" in step:
        return action_name(_first_word(step["action"]))
    actions = (step.get("extra") or {}).get("actions")
    commands = [one.get("command") or "" for one in actions or ()]
    if actions is None and not step.get("tool_calls"):  # version 1
        commands = COMMAND.findall(str(step.get("content")))
    words = [word for command in commands for word in _first_word(command)]
    return action_name(words or tools_of_message(step))


def _first_word(command: str) -> list[str]:
    return WORD.findall(command)[:1]


def _tokens(messages: list[Mapping[str, Any]]) -> Any:
    """Return the tokens that the model sampled, if each of its answers tells them."""
    answers = [(one.get("extra") or {}).get("response") or {} for one in messages]
    used = [(answer.get("usage") or {}).get("completion_tokens") for answer in answers]
    return sum(used) if used and None not in used else None


def _name(path: str) -> str:
    """Return the path of a run without what comes twice: EXPERIMENT/INSTANCE/INSTANCE.traj."""
    folder, stem = os.path.dirname(path), path.removesuffix(".json").removesuffix(".traj")
    return folder if os.path.basename(folder) == os.path.basename(stem) else stem


def _model(config: Any) -> str | None:
    """Return the model's name, which the configuration of a run may hold."""
    try:
        value = json.loads(config) if isinstance(config, str) else config
        model = value["model"] if "model" in value else value["agent"]["model"]
        return str(model["model_name"] if "model_name" in model else model["name"])
    except (ValueError, KeyError, TypeError):
        return None
