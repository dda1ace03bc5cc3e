"""Names of the arrays of a buffer, and what its dones may mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

Meaning = Literal["before", "after", "starts"]

BUFFER_NAMES: dict[str, tuple[str, ...]] = {
    "reward": ("rewards", "reward", "rews", "rew", "rew_buf", "r"),
    "value": ("values", "value", "vals", "val_buf", "vf_preds", "state_value", "v_s", "v"),
    "terminated": (
        "terminated", "terminations", "terminateds", "terminals", "terminal", "is_terminated",
    ),
    "truncated": ("truncated", "truncations", "truncateds", "timeouts", "timeout", "is_truncated"),
    "done": ("dones", "done"),
    "cut": ("end_flag", "end_flags"),
    "value_mask": ("value_mask",),
    "starts": ("episode_starts", "episode_start", "is_first", "firsts"),
    "last_value": (
        "last_values", "last_value", "next_value", "next_values", "bootstrap_value",
        "bootstrap_values", "last_val", "last_vals",
    ),
    "next_value": (
        "next_values", "next_value", "next_state_value", "v_s_", "next_vals",
    ),
    "final_value": ("final_values", "final_value", "terminal_values", "terminal_value"),
    "last_done": ("next_dones", "next_done", "last_dones", "last_done"),
    "advantage": ("advantages", "advantage", "advs", "adv", "adv_buf", "trainer_advantage"),
    "return": ("returns", "return", "rets", "ret", "ret_buf", "value_targets"),
    "log_prob": (
        "log_probs", "log_prob", "logprobs", "logprob", "logps", "logp", "logp_buf", "log_pi",
    ),
    "old_log_prob": (
        "old_log_probs", "old_log_prob", "old_logprobs", "old_logprob", "old_logp", "logp_old",
        "behaviour_log_probs", "behavior_log_probs", "behaviour_log_prob", "behavior_log_prob",
        "mu_log_prob", "log_mu",
    ),
    "behaviour_prob": (
        "behaviour_probs", "behavior_probs", "behaviour_prob", "behavior_prob", "action_prob",
    ),
    "action_value": ("action_values", "action_value", "q_values", "q_value", "qs", "q"),
}  # fmt: skip
"""What an array of a buffer holds, and the names it usually goes by.

`cut` and `value_mask` are tianshou's: nothing of step t + 1 belongs to step t, as at the buffer's
end too; and 0 where V' is.
"""

OPTIONAL = ("advantage", "log_prob", "old_log_prob", "behaviour_prob", "action_value")
"""Numbers of steps that only some methods need."""

OF_STEPS = (
    *("reward", "value", "terminated", "truncated", "cut", "value_mask", "final_value", "return"),
    *OPTIONAL,
)

MEANINGS: Mapping[Meaning, str] = {
    "after": "an episode ends with step t",
    "before": "an episode ended before step t, as in CleanRL",
    "starts": "step t is the first of an episode, as episode_starts of Stable-Baselines3",
}
"""What dones[t] may mean."""

OF_REQUEST: Mapping[str, Meaning] = {"before": "before", "terminated": "after"}
"""What they mean where a request of reading tells."""

BOTH = ("next_value", "last_value", "last_done")
"""What may be an entry a step, or an entry an environment."""


def is_buffer(names: Iterable[str]) -> bool:
    """Return whether arrays of these names are a buffer of steps, and not a model."""
    lower = {name.lower() for name in names}
    return all(lower & set(BUFFER_NAMES[name]) for name in ("reward", "value"))
