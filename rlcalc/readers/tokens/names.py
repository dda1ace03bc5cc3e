"""Names: which columns hold what was logged of tokens, and of the rollouts that they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rlcalc.errors import InputError, listed, meant, shown
from rlcalc.readers.rollouts.dumps.columns import NAMES as ROLLOUT_NAMES
from rlcalc.readers.row_filter import RowFilter

TOKEN_NAMES: dict[str, tuple[str, ...]] = {
    "log_prob": (
        "log_prob", "log_probs", "logprobs", "logprob", "trainer_logprobs", "per_token_logps",
        "action_log_probs", "new_log_probs", "new_log_prob", "new_logprobs", "current_log_probs",
        "curr_logprobs", "logps", "logp", "policy_log_probs",
    ),
    "old_log_prob": (
        "old_log_prob", "old_log_probs", "old_logprobs", "old_logprob", "prev_logprobs",
        "old_per_token_logps", "old_action_log_probs", "proximal_logprobs", "prox_logp",
        "prox_logprobs",
        "old_logps", "old_logp",
    ),
    "ref_log_prob": (
        "ref_log_prob", "ref_log_probs", "ref_logprobs", "ref_logprob", "reference_logprobs",
        "reference_log_probs", "reference_policy_logprobs", "base_action_log_probs",
        "base_log_probs", "ref_per_token_logps", "ref_logps", "ref_logp",
    ),
    "rollout_log_prob": (
        "rollout_log_prob", "rollout_log_probs", "rollout_logprobs", "generation_logprobs",
        "inference_logprobs", "sampling_per_token_logps", "sampling_logprobs",
        "completion_logprobs", "behave_logprobs", "behavior_logprobs", "behaviour_log_prob",
    ),
    "advantage": ("advantages", "advantage", "token_advantages", "trainer_advantage"),
    "value": ("vpreds", "new_values", "value_preds", "values", "value"),
    "old_value": ("old_values", "old_value"),
    "target": ("returns", "return", "targets", "target", "value_targets"),
    "mask": (
        "response_mask", "loss_mask", "token_loss_mask", "completion_mask", "action_mask",
        "response_masks", "loss_masks", "masks", "mask", "token_mask",
    ),
    "attention": ("attention_mask", "attention_masks"),
    "reward": ("token_level_rewards", "token_rewards", "token_level_scores"),
    "token": (
        "response_tokens", "response_ids", "completion_ids", "responses", "token_ids", "tokens",
        "token", "input_ids",
    ),
}  # fmt: skip
"""What is logged of a token, and the names it usually goes by, the most usual first."""

OF_ROLLOUT: dict[str, tuple[str, ...]] = {
    "group": ROLLOUT_NAMES["group"],
    "prompt": ROLLOUT_NAMES["prompt"],
    "rollout": (*ROLLOUT_NAMES["rollout"], "idx", "trajectory", "sequence", "id", "sample_index"),
    "score": ROLLOUT_NAMES["reward"],
    "step": ROLLOUT_NAMES["step"],
    "response_length": ("response_length", "response_lengths", "completion_length"),
}
PLACE = ("t", "position", "token_index", "timestep", "position_ids")
"""Names of a token's place in its rollout, in a table with a row a token."""


@dataclass(frozen=True)
class TokenRequest:
    """How tokens are to be read; a column of None is found by its name."""

    form: str | None = None  # --from
    columns: Mapping[str, str] = field(default_factory=dict)  # the field → its column
    group: str | None = None
    reward: str | None = None
    advantage: str | None = None
    group_size: int | None = None  # this many rows after each other are a group
    where: tuple[RowFilter, ...] = ()
    max_size: int | None = None  # bytes that a compressed source may unpack to
    needs: tuple[str, ...] = ("log_prob",)  # `log_prob`: any of the log-probabilities

    def named(self) -> dict[str, str]:
        """Return the columns that were named, by field."""
        named = {"group": self.group, "score": self.reward, "advantage": self.advantage}
        return {**self.columns, **{field: name for field, name in named.items() if name}}

    def chosen(self, names: Iterable[str], where: str) -> dict[str, str]:
        """Return the column of each field that is there.

        Raises:
            InputError: a column or a field that was named is not there.
        """
        there = list(names)
        by_lower = {name.lower(): name for name in reversed(there)}
        usual = {**TOKEN_NAMES, **OF_ROLLOUT}
        columns = {
            field: next(by_lower[name] for name in candidates if name in by_lower)
            for field, candidates in usual.items()
            if any(name in by_lower for name in candidates)
        }
        if {"vpreds", "new_values", "value_preds"} & by_lower.keys() and "old_value" not in columns:
            old = [name for name in ("values", "value") if name in by_lower]
            columns |= {"old_value": by_lower[old[0]]} if old else {}
        proximal = [n for n in ("proximal_logprobs", "prox_logp", "prox_logprobs") if n in by_lower]
        if proximal and columns["old_log_prob"] != by_lower[proximal[0]]:  # AReaL's names
            columns.setdefault("rollout_log_prob", columns["old_log_prob"])
            columns["old_log_prob"] = by_lower[proximal[0]]
        for name, column in self.named().items():
            if name not in usual:
                raise InputError(
                    f"--columns: there is no field {shown(name)}",
                    fix=f"{meant(name, usual)}use one of {', '.join(usual)}",
                )
            if column not in there:
                raise InputError(
                    f"there is no column {shown(column)}",
                    where,
                    f"{meant(column, there)}there are {listed(there, most=20)}",
                )
            columns = {field: c for field, c in columns.items() if c != column}
            columns[name] = column
        return columns
