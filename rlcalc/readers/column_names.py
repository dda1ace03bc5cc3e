"""Column names: the usual names of each column, the most usual first."""

from __future__ import annotations

COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "trajectory": (
        "trajectory", "trajectory_id", "traj", "traj_id", "episode", "episode_id", "episode_index",
        "eps_id", "ep", "case:concept:name", "case_id", "icustayid",
    ),
    "environment": ("env", "env_id", "env_index", "environment"),
    "time": ("t", "step", "timestep", "time_step", "step_id", "frame_index", "bloc"),
    "state": ("state", "s", "obs", "observation", "observations", "states", "observation.state"),
    "action": ("action", "a", "act", "actions", "concept:name"),
    "reward": ("reward", "r", "rew", "rewards", "next.reward"),
    "next_state": (
        "next_state", "next_obs", "next_observation", "next_observations", "new_obs", "obs_next",
        "s_next", "s'",
    ),
    "terminated": (
        "terminated", "terminal", "terminals", "terminations", "terminateds", "is_terminated",
    ),
    "truncated": (
        "truncated", "timeout", "timeouts", "truncations", "truncateds", "is_truncated",
    ),
    "done": ("done", "dones", "next.done"),
    "is_first": ("is_first",),
    "is_last": ("is_last",),
    "is_terminal": ("is_terminal",),
    "value": ("value", "v", "values", "vf_preds"),
    "next_value": ("next_value", "next_values", "final_value", "bootstrap_value"),
    "log_prob": ("log_prob", "logp", "action_logp", "log_probs", "logprob"),
    "behaviour_prob": (
        "behaviour_prob", "behavior_prob", "behaviour_probs", "action_prob", "propensity_score",
        "propensity", "pscore",
    ),
}  # fmt: skip
"""What a column of steps holds, and the names it usually goes by, the most usual first."""


MODEL_COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "state": ("state", "s", "from", "source"),
    "action": ("action", "a", "act"),
    "next_state": ("next_state", "s_next", "s'", "to", "target", "next"),
    "probability": ("probability", "p", "prob", "transition_probability"),
    "reward": ("reward", "r", "rew"),
}
"""What a column of transitions holds, and the names it usually goes by."""
