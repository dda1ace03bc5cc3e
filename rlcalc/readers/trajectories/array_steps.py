"""Arrays of steps → a table: [T] of one trajectory after the other, [T, N] of N environments.

[E, L] are trajectories of at most L steps, where another array has their lengths.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import InputError, listed, shown
from rlcalc.numerics.arrays import Flags, Ints
from rlcalc.readers.array_columns import is_plain, without_last_axis_of_one
from rlcalc.readers.column_names import COLUMN_NAMES, FLAT_NAMES
from rlcalc.readers.trajectories.buffer_names import BUFFER_NAMES, Meaning
from rlcalc.readers.trajectories.buffers import (
    ends_of_buffer,
    fields_of_buffer,
    following_of_buffer,
    with_last,
)

LENGTHS = (
    "lengths", "length", "episode_lengths", "ep_lengths", "ep_lens", "ep_len", "traj_lengths",
    "trajectory_lengths", "traj_lens", "seq_lens",
)  # fmt: skip
"""Names of an array with the number of steps of each trajectory."""

NUMBERED = re.compile(r"(.+?)_([0-9]{1,9})")
"""Names of arrays of one trajectory each."""

ENDS = ("episode_ends", "traj_ends", "trajectory_ends")
"""Names of an array with the number of steps up to the end of each trajectory."""

MODEL = ("p", "p_data", "transition", "transitions", "q")
"""Names of arrays that only a model has, beside its rewards."""

OF_BUFFERS = ("starts", "last_value", "last_done", "cut", "value_mask", "value")
"""Fields by which arrays [T] are a buffer of one environment."""

FLAGS = ("terminated", "truncated", "done", "is_first")

CHOICES = (
    "say what dones mean: --columns terminated=dones (after), --columns is_first=dones (before)"
)


def holds_steps(names: Collection[str], columns: Mapping[str, str]) -> bool:
    """Return whether arrays of these names are steps, and not a model.

    Args:
        names: of the arrays.
        columns: the field → the name of its array, where the user names one.

    >>> holds_steps(["obs", "act", "rew", "done"], {}), holds_steps(["P", "R"], {})
    (True, False)
    """
    lower = {name.lower() for name in names}
    if lower & set(MODEL):
        return False
    rewards = {*COLUMN_NAMES["reward"], *BUFFER_NAMES["reward"]}
    beside = {*LENGTHS, *ENDS}
    for field in ("state", "action", "next_state", "terminated", "truncated", "done", "is_first"):
        beside |= {*COLUMN_NAMES[field]}
    lower |= {match[1] for one in lower if (match := NUMBERED.fullmatch(one))}
    return bool(columns) or bool(lower & rewards and lower & beside)


def table_of_arrays(
    arrays: Mapping[str, NDArray[Any]],
    where: str,
    columns: Mapping[str, str],
    done: Meaning | None = None,
) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Return the columns of a table with a row for each step, and notes.

    The rows of an environment stand together, and `trajectory` is `env 0, episode 2` there.

    Args:
        arrays: by their names.
        where: the file, for messages.
        columns: the field → the name of its array, where the user names one.
        done: what an array `dones` means.

    Raises:
        InputError: there are no rewards, shapes do not fit, or nothing tells of ends.
    """
    name = _reward_of(arrays, columns)
    if name is None:
        arrays = _joined(arrays, where)
        name = _reward_of(arrays, columns)
    if name is None:
        raise InputError(
            "there is no array of rewards",
            where,
            f"name it: --columns reward=NAME; there are {listed(arrays)}",
        )
    _require_plain(arrays, where)
    _refuse_shifted(arrays, where)
    rewards = arrays[name]
    if rewards.ndim == 3 and rewards.shape[2] == 1:
        rewards = rewards[:, :, 0]
    lengths = _lengths(arrays, where, rewards)
    if rewards.ndim > 2 or rewards.size == 0:
        raise InputError(
            f"the shape of {shown(name)} is {rewards.shape}",
            where,
            "save rewards [steps] or [steps, environments], at least one",
        )
    if rewards.ndim == 2 and lengths is not None and len(lengths) == len(rewards):
        return _of_padded(arrays, rewards, lengths, where), []
    lower = {one.lower() for one in arrays}
    one_by_one = rewards.ndim == 1 or rewards.shape[1] == 1
    if one_by_one and not any(lower & set(BUFFER_NAMES[field]) for field in OF_BUFFERS):
        return _of_flat(arrays, rewards.reshape(-1), name, lengths, where), []
    return _of_buffer(arrays, name, where, columns, done)


def _joined(arrays: Mapping[str, NDArray[Any]], where: str) -> dict[str, NDArray[Any]]:
    """Return arrays of one trajectory each, such as rewards_0 and rewards_1, one after the other.

    Others stay as they are. An array may have an entry more than the rewards, after the last step.

    Raises:
        InputError: a trajectory lacks an array, or its arrays differ in length.
    """
    families: dict[str, dict[int, NDArray[Any]]] = {}
    for name, array in arrays.items():
        if match := NUMBERED.fullmatch(name):
            families.setdefault(match[1], {})[int(match[2])] = array
    reward = _reward_of(families, {})
    if reward is None:
        return dict(arrays)
    numbers = sorted(families[reward])
    lengths = np.array([families[reward][n].shape[0] if families[reward][n].ndim else 0
                        for n in numbers], np.int64)  # fmt: skip
    joined: dict[str, NDArray[Any]] = {"lengths": lengths}
    for name, family in families.items():
        parts = []
        for number, length in zip(numbers, lengths.tolist(), strict=True):
            part = family.get(number)
            if part is None or not part.ndim or not length <= len(part) <= length + 1:
                seen = "is missing" if part is None else f"has the shape {part.shape}"
                raise InputError(
                    f"the array {shown(f'{name}_{number}')} {seen}, and there are {length:,} "
                    "rewards",
                    where,
                    "save each array for each trajectory, with one entry a step",
                )
            parts.append(part[:length])
        joined[name] = np.concatenate(parts)
    return joined


def _reward_of(arrays: Mapping[str, Any], columns: Mapping[str, str]) -> str | None:
    if "reward" in columns:
        name = columns["reward"]
        return name if name in arrays else name.removeprefix("-")
    by_lower = {one.lower(): one for one in reversed(list(arrays))}
    usual = (*COLUMN_NAMES["reward"], *BUFFER_NAMES["reward"])
    return next((by_lower[one] for one in usual if one in by_lower), None)


def _require_plain(arrays: Mapping[str, NDArray[Any]], where: str) -> None:
    for name, array in arrays.items():
        if not is_plain(array.dtype):
            raise InputError(
                f"the array {shown(name)} has the type {shown(array.dtype)}",
                where,
                "save arrays of numbers, flags or text",
            )


SHIFTED = (
    "python -c \"import numpy; e = dict(numpy.load('FILE')); numpy.savez('steps.npz', "
    "observations=e['OBSERVATION'][:-1], actions=e['action'][1:], rewards=e['reward'][1:], "
    "terminals=e['is_terminal'][1:], timeouts=e['is_last'][1:] & ~e['is_terminal'][1:])\""
)


def _refuse_shifted(arrays: Mapping[str, NDArray[Any]], where: str) -> None:
    """Refuse episodes of Dreamer, whose rewards and actions stand beside the state after them.

    Raises:
        InputError: with the line that makes steps of them.
    """
    if {"is_first", "is_last", "is_terminal"} <= arrays.keys():
        raise InputError(
            "in an npz file with is_first and is_last (Dreamer), an action and its reward stand "
            "beside the state that follows",
            where,
            f"make steps: {SHIFTED}",
        )


def _lengths(arrays: Mapping[str, NDArray[Any]], where: str, rewards: NDArray[Any]) -> Ints | None:
    """Return [E] the steps of each trajectory, where an array of this name fits the rewards."""
    by_lower = {name.lower(): array for name, array in arrays.items()}
    for name in (*LENGTHS, *ENDS):
        array = by_lower.get(name)
        if array is None or array.ndim != 1 or array.dtype.kind not in "iu" or not len(array):
            continue
        lengths = array.astype(np.int64)
        lengths = np.diff(lengths, prepend=0) if name in ENDS else lengths
        padded = rewards.ndim == 2 and len(lengths) == len(rewards)
        fits = (lengths <= rewards.shape[1]).all() if padded else lengths.sum() == len(rewards)
        if (lengths < 1).any() or not (fits or rewards.ndim == 2):
            raise InputError(
                f"the lengths in {name} do not fit the rewards, whose shape is {rewards.shape}",
                where,
                "give the number of steps of each trajectory, at least 1",
            )
        if fits:
            return lengths
    return None


def _of_flat(
    arrays: Mapping[str, NDArray[Any]],
    rewards: NDArray[Any],
    reward: str,
    lengths: Ints | None,
    where: str,
) -> dict[str, NDArray[Any]]:
    """Return the table of arrays with one entry a step."""
    table: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        if name == reward:
            table[name] = rewards
        elif array.ndim and len(array) == len(rewards):
            table[name] = without_last_axis_of_one(array) if _is_number(name) else array
        elif _is_usual(name):
            raise InputError(
                f"the shape of {shown(name)} is {array.shape}, and there are {len(rewards):,} "
                "rewards",
                where,
                "save arrays with one entry a step",
            )
    if lengths is not None:
        table["trajectory"] = np.repeat(np.arange(len(lengths)), lengths)
    return table


def _of_padded(
    arrays: Mapping[str, NDArray[Any]], rewards: NDArray[Any], lengths: Ints, where: str
) -> dict[str, NDArray[Any]]:
    """Return the table of arrays [E, L], of which each row has its length."""
    inside = np.arange(rewards.shape[1]) < lengths[:, None]
    last = np.cumsum(lengths) - 1
    table: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        if array.ndim >= 2 and len(array) == len(lengths) and array.shape[1] >= rewards.shape[1]:
            rows = array[:, : rewards.shape[1]][inside]
            table[name] = without_last_axis_of_one(rows) if _is_number(name) else rows
        elif array.shape == lengths.shape and _is_number(name):  # of each trajectory
            table[name] = np.zeros(len(inside[inside]), array.dtype)
            table[name][last] = array
        elif _is_usual(name):
            raise InputError(
                f"the shape of {shown(name)} is {array.shape}, and that of the rewards "
                f"{rewards.shape}",
                where,
                "save arrays of one shape, [trajectories, steps]",
            )
    table["trajectory"] = np.repeat(np.arange(len(lengths)), lengths)
    return table


def _of_buffer(
    arrays: Mapping[str, NDArray[Any]],
    reward: str,
    where: str,
    columns: Mapping[str, str],
    done: Meaning | None,
) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Return the table of a buffer [T, N], by the rules of `buffers`."""
    chosen = {OF_STARTS.get(field, field): name for field, name in columns.items()}
    chosen = {f: n for f, n in chosen.items() if f in BUFFER_NAMES} | {"reward": reward}
    by_field = fields_of_buffer(arrays, where, chosen)
    shape = by_field["reward"].shape
    ended, truncated, notes = ends_of_buffer(
        by_field, shape, where, "starts" if "starts" in chosen else done, CHOICES
    )
    used = {name for field in NOT_OF_STEPS for name in BUFFER_NAMES[field]} - {*columns.values()}
    table: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        rows = array[:, None] if shape[1] == 1 and array.shape[1:2] != (1,) else array
        rows = rows[:-1] if rows.shape[:2] == (shape[0] + 1, shape[1]) else rows
        if name.lower() not in used and rows.shape[:2] == shape:
            rows = by_environment(rows)
            table[name] = without_last_axis_of_one(rows) if _is_number(name) else rows
    table[columns.get("terminated", "terminated")] = by_environment(ended)
    table[columns.get("truncated", "truncated")] = by_environment(truncated)
    if "value" in by_field:
        value, last_value = with_last(by_field["value"], shape[0])
        following = following_of_buffer(by_field, truncated, last_value)
        table[columns.get("value", "value")] = by_environment(value)
        table[columns.get("next_value", "next_value")] = by_environment(following)
    return {"trajectory": _names(ended | truncated), **table}, notes


OF_STARTS = {"is_first": "starts"}
"""A field of a step that buffers call otherwise."""

NOT_OF_STEPS = (
    "done", "cut", "value_mask", "starts", "last_value", "next_value", "final_value", "last_done",
    "value",
)  # fmt: skip
"""Fields of a buffer that the flags and values of steps are made of."""


def by_environment(array: NDArray[Any]) -> NDArray[Any]:
    """Return [T, N, ...] as [N T, ...]: the steps of an environment after each other."""
    return array.swapaxes(0, 1).reshape(-1, *array.shape[2:])


def _names(end: Flags) -> NDArray[Any]:
    """[N T] the names of the trajectories, as `buffers` gives them.

    Args:
        end: [T, N] a trajectory ends with the step.
    """
    last = end.copy()
    last[-1] = True
    env, step = np.nonzero(last.T)
    episode = np.arange(len(env)) - np.searchsorted(env, env)
    names = [f"env {e}, episode {k}" for e, k in zip(env.tolist(), episode.tolist(), strict=True)]
    stop = env * len(end) + step + 1
    return np.repeat(np.array(names), np.diff(stop, prepend=0))


def _is_number(name: str) -> bool:
    return name.lower() in FLAT_NAMES


def _is_usual(name: str) -> bool:
    return any(name.lower() in COLUMN_NAMES[f] for f in ("state", "action", "next_state", *FLAGS))
