"""Buffers of PPO programs: arrays [T, N] of T steps in N environments → trajectories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import InputError, listed, meant, shown
from rlcalc.labels import Labels
from rlcalc.numerics.arrays import Flags, Floats
from rlcalc.readers.trajectories.buffer_names import (
    BOTH,
    BUFFER_NAMES,
    OF_STEPS,
    OPTIONAL,
    Meaning,
)
from rlcalc.trajectories import Trajectories

CHOICES = (
    "say which program wrote it: --as cleanrl (before), --as tianshou (after), or name the "
    "array: --columns terminated=dones (after), --columns starts=dones (before)"
)
"""How the user says what `dones` mean."""


def trajectories_of_arrays(
    arrays: Mapping[str, NDArray[Any]],
    where: str,
    done: Meaning | None = None,
    columns: Mapping[str, str] | None = None,
    *,
    batch_first: bool = False,
) -> tuple[Trajectories, list[str]]:
    """Return the trajectories of a buffer, those of each environment after each other.

    Args:
        arrays: [T, N] or [T] by their names; `last_values` and the last flags are [N].
        where: the file, for messages.
        done: what an array `dones` means; None: the buffer must show it.
        columns: the field → the name of its array.
        batch_first: arrays [N, T, 1] hold the environments first, as in torchrl; so do those
            whose V of what follows shows it.

    Returns:
        Trajectories named `env 0, episode 2`, whose `row` is t N + n (n T + t); and notes.

    Raises:
        InputError: an array is missing, has another shape, or its flags can mean two things.
    """
    turned = {n for n, array in arrays.items() if np.ndim(array) == 3 and np.shape(array)[2] == 1}
    table = {n: array[:, :, 0] if n in turned else array for n, array in arrays.items()}
    shows = _shape_of_environments_first(table, columns or {})
    if not shows and not (turned and batch_first):
        return _of_table(table, where, done, columns or {})
    turned |= {n for n, array in table.items() if shows and np.shape(array) == shows}
    table = {n: array.T if n in turned else array for n, array in table.items()}
    batch, notes = _of_table(table, where, done, columns or {})
    if not batch_first:
        notes = [*notes, "the values that follow show that environments come first"]
    return replace(batch, row=np.arange(batch.n_steps)), notes


def _of_table(
    arrays: Mapping[str, NDArray[Any]],
    where: str,
    done: Meaning | None,
    columns: Mapping[str, str],
) -> tuple[Trajectories, list[str]]:
    """Return the trajectories of arrays [T, N]."""
    by_field = fields_of_buffer(arrays, where, columns)
    reward = by_field.get("reward")
    if reward is None or "value" not in by_field:
        missing = "rewards" if reward is None else "values"
        raise InputError(
            f"there is no array of {missing}", where, f"save one [T, N]; there are {listed(arrays)}"
        )
    shape = reward.shape
    value, last_value = with_last(by_field["value"], shape[0])
    by_field["value"] = value
    for name in OPTIONAL:  # [T, N, A] are of all actions, or of the parts of one
        if name in by_field and by_field[name].ndim == 3 and by_field[name].shape[:2] == shape:
            del by_field[name]
    for name in OF_STEPS:
        if name in by_field and by_field[name].shape != shape:
            raise InputError(
                f"the shape of {name} is {by_field[name].shape}, and that of the rewards {shape}",
                where,
                "save arrays of one shape, [steps, environments]",
            )
    ended, truncated, notes = ends_of_buffer(by_field, shape, where, done)
    if "return" in by_field and "advantage" not in by_field:
        by_field["advantage"] = by_field["return"].astype(np.float64) - by_field["value"]
        notes.append("the buffer's own advantages are its returns less its values")
    following = following_of_buffer(by_field, truncated, last_value)
    return _laid_out(by_field, ended, truncated, following, where), notes


def following_of_buffer(
    by_field: Mapping[str, NDArray[Any]], truncated: Flags, last_value: NDArray[Any] | None
) -> Floats:
    """Return [T, N] V of what follows a step, where the buffer has it; else NaN.

    Args:
        by_field: the array of each field.
        truncated: [T, N] an episode is truncated with the step.
        last_value: [N] V after the last step, where no array of its own has it.
    """
    following = np.full(truncated.shape, np.nan)
    if "next_value" in by_field:
        following = by_field["next_value"].astype(np.float64)
    if "final_value" in by_field:  # V of the final observation, where an episode was cut
        following = np.where(truncated, by_field["final_value"], following)
    last = by_field.get("last_value", last_value)
    if last is not None:
        following[-1] = np.where(np.isnan(following[-1]) | ~truncated[-1], last, following[-1])
    return following


def _shape_of_environments_first(
    arrays: Mapping[str, NDArray[Any]], columns: Mapping[str, str]
) -> tuple[int, ...] | None:
    """Return [N, T] where V of what follows is rather V of the next entry along the second axis."""

    def named(field: str) -> list[NDArray[Any]]:
        usual = (columns.get(field), *BUFFER_NAMES[field])
        return [np.asarray(array) for name, array in arrays.items() if name.lower() in usual]

    for value, following in product(named("value"), named("next_value")):
        if value.ndim != 2 or value.shape != following.shape or (value == value[0, 0]).all():
            continue
        along = following[:, :-1] == value[:, 1:]
        first = following[:-1] == value[1:]
        if along.size and along.mean() > (first.mean() if first.size else 0.5):
            return value.shape
    return None


def fields_of_buffer(
    arrays: Mapping[str, NDArray[Any]], where: str, columns: Mapping[str, str]
) -> dict[str, NDArray[Any]]:
    """Return the array of each field, [T, N] of steps and [N] of environments."""
    lower = {name.lower(): name for name in reversed(list(arrays))}
    for field, name in columns.items():
        if field not in BUFFER_NAMES or name not in arrays:
            known, word = (arrays, name) if field in BUFFER_NAMES else (BUFFER_NAMES, field)
            raise InputError(
                f"--columns: there is no {'array' if known is arrays else 'field'} {shown(word)}",
                where,
                f"{meant(word, known)}there are {listed(known, most=20)}",
            )
    named = {
        field: next((lower[name] for name in usual if name in lower), None)
        for field, usual in BUFFER_NAMES.items()
    } | dict(columns)
    by_field = {field: _squeezed(np.asarray(arrays[name])) for field, name in named.items() if name}
    if "reward" in by_field:
        steps = by_field["reward"].shape
        usual = {f: [lower[n] for n in BUFFER_NAMES[f] if n in lower] for f in BOTH}
        chosen = usual | {f: [columns[f]] for f in BOTH if f in columns}
        of_step = {n: _squeezed(np.asarray(arrays[n])) for names in chosen.values() for n in names}
        for field, names in chosen.items():
            by_field.pop(field, None)
            per_step = field == "next_value"
            for name in names:
                array = of_step[name]
                if array.shape == steps if per_step else array.size == steps[1]:
                    by_field[field] = array if per_step else array.reshape(-1)
                    break
                if array.shape != steps and array.size != steps[1]:
                    raise InputError(
                        f"the shape of {shown(name)} is {np.shape(arrays[name])}, and there are "
                        f"{steps[0]} steps of {steps[1]} environments",
                        where,
                        "save one entry an environment, or one a step and environment",
                    )
    return by_field


def _squeezed(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array as [T, N]: one environment has a column too."""
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    return array.reshape(-1, 1) if array.ndim < 2 else array


def with_last(values: NDArray[Any], n_steps: int) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return [T, N] and [N]: an array of T + 1 rows ends with what follows the last step."""
    more = values.ndim == 2 and len(values) == n_steps + 1
    return (values[:-1], values[-1]) if more else (values, None)


def ends_of_buffer(
    by_field: dict[str, NDArray[Any]],
    shape: tuple[int, ...],
    where: str,
    done: Meaning | None,
    choices: str = CHOICES,
) -> tuple[Flags, Flags, list[str]]:
    """Return [T, N] whether an episode terminates and whether it is truncated with a step.

    Args:
        by_field: the array of each field.
        shape: [T, N].
        where: the file, for messages.
        done: what an array `dones` means; None: the buffer must show it.
        choices: how to say what it means, for the message where it does not show.

    Raises:
        InputError: nothing tells of ends, or what tells can mean two things.
    """
    none = np.zeros(shape, bool)
    cut = _flags(by_field, "truncated", where)
    truncated = none if cut is None else cut
    terminated = _terminated(by_field, shape, where, done)
    if terminated is not None:
        return terminated[0], truncated | terminated[1], []
    flags, last_done, done = _marks(by_field, shape, where, done)
    if done is None and (last_done is not None or len(flags) == shape[0] + 1):
        done = "before"  # what follows the last step would be known twice
    if done is None and cut is None:
        raise InputError(
            "dones[t] may mean that an episode ends with step t, or that one ended before it",
            where,
            choices,
        )
    ended = _as_flags(flags, "dones", where)
    if done in ("before", "starts"):
        ended = _moved(ended, last_done, shape, where)
    if ended.shape != shape:
        raise InputError(
            f"the shape of {'episode_starts' if done == 'starts' else 'dones'} is {ended.shape}, "
            f"and that of the rewards {shape}",
            where,
            "save arrays of one shape, [steps, environments]",
        )
    notes = []
    if cut is None and ended.any():
        notes = ["the buffer does not say why an episode ended: every end counts as terminated"]
    return ended & ~truncated, truncated, notes


def _terminated(
    by_field: dict[str, NDArray[Any]], shape: tuple[int, ...], where: str, done: Meaning | None
) -> tuple[Flags, Flags] | None:
    """Return [T, N] where an episode terminates, and where other flags tell of a cut.

    None: nothing tells of terminations.
    """
    none = np.zeros(shape, bool)
    if "cut" in by_field and "value_mask" in by_field:
        over = _as_flags(by_field["cut"], "end_flag", where)
        terminated = over & ~_as_flags(by_field["value_mask"], "value_mask", where)
        return terminated, over & ~terminated
    if "terminated" not in by_field:
        return None
    terminated = _as_flags(by_field["terminated"], "terminated", where)
    if "cut" in by_field:
        return terminated, _as_flags(by_field["cut"], "end_flag", where) & ~terminated
    if "truncated" not in by_field and "done" in by_field and by_field["done"].shape == shape:
        over = _as_flags(by_field["done"], "dones", where)
        if done == "before":
            over = _moved(over, by_field.get("last_done"), shape, where)
        if over[terminated].all():  # as torchrl has them: done is terminated or truncated
            return terminated, over & ~terminated
    return terminated, none


def _marks(
    by_field: dict[str, NDArray[Any]], shape: tuple[int, ...], where: str, done: Meaning | None
) -> tuple[NDArray[Any], NDArray[Any] | None, Meaning | None]:
    """Return the array that marks ends, what follows its last row, and what it means."""
    flags, last_done = by_field.get("done"), by_field.get("last_done")
    if done == "starts" and "starts" not in by_field:
        done = "after"  # what the environments of Stable-Baselines3 return with step t
    of_steps = flags is not None and flags.shape[0] >= shape[0] and flags.shape[1:] == shape[1:]
    if "starts" in by_field and (done in (None, "starts") or not of_steps):
        starts = by_field["starts"]
        if flags is not None and flags.size == shape[1]:
            last_done = flags.reshape(-1)
        elif flags is not None and of_steps and np.array_equal(flags[:-1], starts[1:]):
            last_done = flags[-1]  # of ends after each step
        return starts, last_done, "starts"
    if flags is None:
        raise InputError(
            "nothing tells where an episode ends",
            where,
            "save terminated and truncated [T, N], or dones, or episode_starts",
        )
    return flags, last_done, done


def _moved(flags: Flags, last: NDArray[Any] | None, shape: tuple[int, ...], where: str) -> Flags:
    """Return [T, N] the ends after step t, of flags that tell of an end before it."""
    first, final = with_last(flags, shape[0])
    if final is None and last is not None:
        final = _as_flags(last, "the last dones", where)
    ended = np.zeros(first.shape, bool)
    ended[:-1] = first[1:]
    ended[-1] = False if final is None else final
    return ended


def _flags(by_field: dict[str, NDArray[Any]], name: str, where: str) -> Any:
    return _as_flags(by_field[name], name, where) if name in by_field else None


def _as_flags(array: NDArray[Any], name: str, where: str) -> Flags:
    flags: Flags = array.astype(bool)
    if (flags != array).any():
        raise InputError(
            f"{name} holds {shown(array[flags != array].reshape(-1)[0])}, expected 0 or 1",
            where,
            "save flags",
        )
    return flags


def _laid_out(
    by_field: dict[str, NDArray[Any]],
    terminated: Flags,
    truncated: Flags,
    following: Floats,
    where: str,
) -> Trajectories:
    n_steps, n_envs = terminated.shape
    if not terminated.size:
        raise InputError("there are no steps", where, "save at least one")

    def flat(array: NDArray[Any]) -> Any:
        return np.ascontiguousarray(array.T).reshape(-1)

    def numbers(name: str) -> Any:
        return flat(by_field[name].astype(np.float64)) if name in by_field else None

    end = flat(terminated | truncated)
    end[n_steps - 1 :: n_steps] = True
    last = np.flatnonzero(end)
    start = np.concatenate([[0], last + 1])
    env = last // n_steps
    episode = np.arange(len(last)) - np.searchsorted(env, env)
    for name in ("reward", "value"):
        values = numbers(name)
        wrong = ~np.isfinite(values)
        if wrong.any():
            place = int(np.argmax(wrong))
            raise InputError(
                f"the {name} is {values[place]:g}, expected a finite number",
                f"{where}, step {place % n_steps}, environment {place // n_steps}",
                f"correct the {name}",
            )
    next_value = flat(following)
    inside = ~end & np.isnan(next_value)
    next_value[inside] = np.append(numbers("value")[1:], np.nan)[inside]
    unknown = np.full(len(end), -1, np.int32)
    return Trajectories(
        start=start,
        state=unknown,
        action=unknown,
        reward=numbers("reward"),
        terminated=flat(terminated)[last],
        truncated=(flat(truncated) & ~flat(terminated))[last],
        states=Labels(),
        actions=Labels(),
        value=numbers("value"),
        next_value=next_value,
        last_value=next_value[last],
        **{name: numbers(name) for name in OPTIONAL},
        time=np.tile(np.arange(n_steps), n_envs),
        row=(np.arange(n_steps)[None, :] * n_envs + np.arange(n_envs)[:, None]).reshape(-1),
        name=[f"env {e}, episode {k}" for e, k in zip(env.tolist(), episode.tolist(), strict=True)],
    )
