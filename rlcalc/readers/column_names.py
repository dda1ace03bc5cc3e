"""Column names: the usual names of each column, the most usual first."""

from __future__ import annotations

from collections.abc import Mapping

from rlcalc.errors import InputError, listed, meant, nearest, shown
from rlcalc.readers.read_request import ReadRequest

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
        "next.truncated",
    ),
    "done": ("done", "dones", "next.done"),
    "is_first": ("is_first", "episode_starts", "episode_start"),
    "is_last": ("is_last",),
    "is_terminal": ("is_terminal",),
    "value": ("value", "v", "values", "vf_preds", "state_value"),
    "next_value": (
        "next_value", "next_values", "final_value", "bootstrap_value", "next_state_value",
    ),
    "log_prob": ("log_prob", "logp", "action_logp", "log_probs", "logprob"),
    "behaviour_prob": (
        "behaviour_prob", "behavior_prob", "behaviour_probs", "action_prob", "propensity_score",
        "propensity", "pscore",
    ),
    "old_log_prob": (
        "old_log_prob", "old_logprob", "old_log_probs", "old_logprobs", "old_logp", "logp_old",
        "behaviour_log_prob", "behavior_log_prob", "behaviour_logp", "behavior_logp", "mu_log_prob",
    ),
    "advantage": ("advantage", "advantages", "adv", "advs", "gae"),
    "action_value": ("action_value", "q", "q_value"),
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

EXTRA_MODEL_COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "pi": ("pi",),
    "start": ("start_probability",),
}
"""What else a table of transitions may hold, in every row of a pair: π(a|s), and the chance that an
episode starts in the state."""


OF_STEPS = (
    "value", "next_value", "action_value", "advantage", "log_prob", "behaviour_prob",
    "old_log_prob",
)  # fmt: skip
"""Numbers that a source may have for its steps, beside the reward."""

NUMBERS = ("reward", "probability", "pi", "start", *OF_STEPS)


FLAT_NAMES = frozenset(
    name
    for field in (
        *NUMBERS, "terminated", "truncated", "done", "is_first", "is_last", "is_terminal",
    )
    for name in COLUMN_NAMES.get(field, ())
)  # fmt: skip
"""Names of what is one number or flag a step, though some arrays have it as [N, 1]."""

STEP = ("state", "action", "reward")
"""What every step has."""


def map_columns(
    names: list[str],
    request: ReadRequest,
    where: str,
    known: Mapping[str, tuple[str, ...]] = COLUMN_NAMES,
    needed: tuple[str, ...] = STEP,
) -> dict[str, str]:
    """Return the source column of each meaning, by the usual names and by --columns.

    Args:
        names: the columns that there are.
        request: with the --columns of the user.
        where: where the table stands.
        known: what a column may hold, and the names it usually goes by.
        needed: what must be there.

    Raises:
        InputError: a column that is needed or named is not there.
    """
    columns: dict[str, str] = {}
    by_lower = {name.lower(): name for name in reversed(names)}
    for meaning, usual in known.items():
        match = next((by_lower[name] for name in usual if name in by_lower), None)
        if match is not None and match not in request.columns.values():
            columns[meaning] = match
    for meaning, column in request.columns.items():
        if meaning not in known:
            raise InputError(
                f"--columns names {shown(meaning)}, which is not a column of a step",
                fix=meant(meaning, known) + f"known: {', '.join(known)}",
            )
        sign = "-" if meaning in NUMBERS and column not in names else ""
        columns[meaning] = _existing_column(column.removeprefix(sign), names, where)
    if request.done == "before" and "done" in columns and "done" not in request.columns:
        column = columns.pop("done")
        if not columns.keys() & {"terminated", "truncated", "is_first"}:
            columns["is_first"] = column
    if request.order_by:
        columns["time"] = _existing_column(request.order_by, names, where)
    missing = [meaning for meaning in needed if meaning not in columns]
    if missing:
        free = [name for name in names if name not in columns.values()]
        guess = {m: next((n for n in free if nearest(n, known[m])), None) for m in missing}
        pairs = ",".join(f"{m}={shown(guess[m] or 'COLUMN')}" for m in missing)
        import shlex  # for this alone

        raise InputError(
            f"no column for the {listed(missing)}",
            where,
            f"choose one: --columns {shlex.quote(pairs)}; there are {listed(names, most=20)}",
        )
    return {m: column for m, column in columns.items() if m not in request.unread}


def _existing_column(column: str, names: list[str], where: str) -> str:
    same = [name for name in names if name == column] or [
        name for name in names if name.strip() == column
    ]
    if same:
        return same[0]
    raise InputError(
        f"there is no column {shown(column)}",
        where,
        meant(column, names) + f"there are {listed(names, most=20)}",
    )
