"""NeMo-RL: train_data_step{N}.jsonl, one rollout a line, every value in a list of one.

NeMo-RL brings together what has the same prompt tokens, so that is a group here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row

TOGETHER = True  # the rollouts of one occurrence of a prompt stand together


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is one of NeMo-RL."""
    return "token_loss_mask" in record or {"content", "rewards", "idx"} <= record.keys()


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rollout; after dynamic sampling the kept reward is in `filtered_rewards`."""
    value = {name: _unwrapped(cell) for name, cell in record.items()}
    mask, tokens = value.get("token_loss_mask"), value.get("token_ids")
    trained = [place for place, flag in enumerate(mask or []) if flag]
    content = value.get("content") or []
    advantages = value.get("advantages") or []
    yield {
        "prompt": str(tokens[: trained[0]] if tokens and trained else content[:1]),
        "rollout": record.get("idx"),
        "reward": {"reward": value.get("filtered_rewards", value.get("rewards"))},
        "advantage": advantages[trained[0]] if advantages and trained else None,
        "length": len(trained) if mask else None,
        "question": content[0] if content else None,
        "response": content[-1] if content else None,
    }


def tokens(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield what is logged of the rollout's tokens; `prev_logprobs` are the policy's own."""
    value = {name: _unwrapped(cell) for name, cell in record.items()}
    trained = value["token_loss_mask"]
    if value.get("sample_loss_mask") == 0:
        trained = [0] * len(trained)
    first = next((place for place, flag in enumerate(trained) if flag), None)
    yield {
        "group": str(value["token_ids"][:first]) if value.get("token_ids") else None,
        "rollout": record.get("idx"),
        "score": value.get("filtered_rewards", value.get("rewards")),
        "mask": trained,
        "token": value.get("token_ids"),
        "advantage": value.get("advantages"),
        "log_prob": value.get("curr_logprobs"),
        "old_log_prob": value.get("prev_logprobs"),
        "rollout_log_prob": value.get("generation_logprobs"),
        "ref_log_prob": value.get("reference_policy_logprobs"),
    }


def _unwrapped(cell: Any) -> Any:
    return cell[0] if isinstance(cell, list) and len(cell) == 1 else cell
