"""Harbor: the folder of a job with a folder a trial, in it result.json and agent/trajectory.json.

Source: `TrialResult` and the models of ATIF v1.0 to v1.8 in harbor 0.26. A trajectory in ATIF has
no reward: that stands in the result of its trial.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rlcalc.errors import InputError, shown
from rlcalc.readers.rollouts.dumps.layout import Row, finite
from rlcalc.readers.rollouts.turns import action_name

EVALUATION = True
EMPTY = "this job of Harbor has no trials", "give the folder of a job with trials that have ended"
PARTS = True  # a job, or a trial, may be named after others of the same tasks
TRAJECTORIES = "trajectories"
"""The key under which the trajectories of a trial are added to its result: a list by step, of which
each goes on in the next."""
CUT = (
    "AgentTimeoutError", "ContextWindowExceededError", "ContextLengthExceededError",
    "OutputTokenExceededError", "OutputLengthExceededError",
)  # fmt: skip
"""Exceptions that end a trial at a limit; its reward counts."""


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is the result of a trial or a job, or a trajectory in ATIF."""
    return (
        {"trial_name", "task_name", "verifier_result"} <= record.keys()
        or {"n_total_trials", "stats"} <= record.keys()
        or (str(record.get("schema_version")).startswith("ATIF") and "steps" in record)
    )


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the trial, or those of a job; one that was not verified, or not fairly, has no reward.

    Raises:
        InputError: the record is a trajectory alone.
    """
    if "n_total_trials" in record:
        for trial in record.get("trial_results") or ():
            yield from rows(trial)
        return
    if "trial_name" not in record:
        raise InputError(
            "a trajectory in ATIF has no reward",
            fix="name the folder of its trial, in which result.json has verifier_result.rewards",
        )
    steps = record.get("step_results") or []
    errors = [one["exception_info"] for one in (record, *steps) if one.get("exception_info")]
    kind = errors[0].get("exception_type") if errors else None
    agent = record.get("agent_info") or {}
    model = (agent.get("model_info") or {}).get("name")
    rewards = (record.get("verifier_result") or {}).get("rewards") or {}
    rewards = {} if record.get("reward_valid") is False else rewards
    row = {
        "group": record["task_name"],
        "rollout": record["trial_name"],
        "task": record.get("source"),
        "run": "/".join(name for name in (agent.get("name"), model) if name) or None,
        "reward": {"reward": rewards["reward"]} if "reward" in rewards else rewards,
        "more": rewards,
        "unscored": not rewards,
        "length": _tokens(record, steps),
        "truncated": kind in CUT,
        "failed": bool(errors),
        "stopped_by": kind,
    }
    if TRAJECTORIES in record:
        row |= _turns(record[TRAJECTORIES], steps, rewards)
    yield row


def _tokens(record: Mapping[str, Any], steps: list[Mapping[str, Any]]) -> Any:
    """Return the tokens that the agent sampled in a trial, or in its steps together."""
    used = [(one.get("agent_result") or {}).get("n_output_tokens") for one in (record, *steps)]
    known = [tokens for tokens in used if tokens is not None]
    return sum(known) if known else None


def _turns(
    trajectories: Mapping[str, Any], steps: list[Mapping[str, Any]], rewards: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the turns of a trial, each step's share of the reward with its last turn.

    A trial's reward is the mean of its steps' or that of the last one: where it is not the mean, it
    comes with the last turn of all.
    """
    if not steps:
        return {"turns": _turns_of(parts for parts in trajectories.values())}
    turns: list[str] = []
    each: list[float] = []
    for step in steps:
        of_step = _turns_of([trajectories.get(step["step_name"], [])])
        value = ((step.get("verifier_result") or {}).get("rewards") or {}).get("reward", 0)
        turns += of_step
        if of_step and finite(value):
            each += [0.0] * (len(of_step) - 1) + [value / len(steps)]
    total: Any = rewards.get("reward")
    if len(each) == len(turns) and finite(total) and math.isclose(sum(each), total, rel_tol=1e-9):
        return {"turns": turns, "turn_rewards": each}
    return {"turns": turns}


def _turns_of(trajectories: Iterable[Iterable[Mapping[str, Any]]]) -> list[str]:
    return [turn for parts in trajectories for part in parts for turn in turns_of_atif(part)]


def turns_of_atif(trajectory: Mapping[str, Any]) -> list[str]:
    """Return the names of the turns of the agent, without those that were copied from before.

    Raises:
        InputError: the trajectory has an unknown version.
    """
    version = trajectory.get("schema_version", "ATIF-v1.0")
    if not str(version).startswith("ATIF-v1."):
        raise InputError(
            f"the trajectory has the version {shown(version)}",
            fix="ATIF-v1.0 to ATIF-v1.8 are read: write it as one of these",
        )
    return [
        action_name(call.get("function_name") for call in step.get("tool_calls") or ())
        for step in trajectory["steps"]
        if step.get("source") == "agent" and not step.get("is_copied_context")
    ]
