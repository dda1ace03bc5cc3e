"""Any other table with one rollout a row, by the usual names of its columns.

Where there is no prompt, a list of messages holds both it and the response: see `chats`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rlcalc.readers.rollouts import chats
from rlcalc.readers.rollouts.dumps.layout import Derive, Layout

NAMES: dict[str, tuple[str, ...]] = {
    "group": (
        "group", "group_id", "group_idx", "group_index", "prompt_id", "prompt_idx", "problem_id",
        "question_id", "task_id", "example_id", "doc_id", "uid",
    ),
    "prompt": ("prompt", "input", "question", "problem", "query", "instruction"),
    "response": ("response", "completion", "output", "generation", "answer"),
    "reward": ("reward", "score", "rewards", "scores", "total_reward"),
    "step": ("step", "global_step", "training_step", "iteration"),
    "rollout": ("rollout", "rollout_id", "rollout_idx", "sample_id", "sample_idx", "traj_idx"),
    "advantage": ("advantage", "trainer_advantage", "advantages"),
    "length": (
        "length", "response_length", "completion_length", "completion_tokens", "n_tokens",
        "num_tokens",
    ),
    "truncated": ("truncated", "is_truncated"),
    "baseline": ("baseline", "greedy_reward"),
}  # fmt: skip
"""What a row of a rollout holds, and the names it usually goes by, the most usual first."""


def fits(record: Mapping[str, Any]) -> bool:
    """Return True: what is missing is said when it is needed."""
    return True


def layout(names: Sequence[str], numbers: Sequence[str]) -> Layout:
    """Return where the table has what; see `trl.layout`."""
    by_lower = {name.lower(): name for name in reversed(names)}
    columns: dict[str, Any] = {
        meaning: next((by_lower[name] for name in usual if name in by_lower), None)
        for meaning, usual in NAMES.items()
    }
    reward = columns.pop("reward")
    derive: dict[str, Derive] = {}
    chat = next((by_lower[name] for name in chats.NAMES if name in by_lower), None)
    if columns["prompt"] is None and chat is not None:
        columns["prompt"], derive["prompt"] = chat, chats.prompt_of
        if columns["response"] is None:
            columns["response"], derive["response"] = chat, chats.response_of
    by_prompt = columns["group"] is None and columns["prompt"] is not None
    return Layout(
        reward=(reward,) if reward else (),
        grouped="prompt" if by_prompt else "id",
        derive=derive,
        **columns,
    )
