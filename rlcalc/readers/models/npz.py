"""Arrays of numpy: transition[a, s, s'] dense or in compressed rows, and rewards; never pickled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import InputError, listed, shown
from rlcalc.labels import Numbers
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats
from rlcalc.readers.models.array_layouts import DENSE, ENTRY, REWARDS, usual_arrays
from rlcalc.readers.npz import arrays_of
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.sources import File

SPARSE = ("P_data", "P_indices", "P_indptr")


def read(file: File, request: ReadRequest | None = None) -> MDP:
    """Return the model that arrays hold.

    They are what `usual_arrays` knows of other programs, P[a, s, s'] (A, S, S), or the
    compressed rows P_data, P_indices, P_indptr of the
    (A·S, S) matrix whose row a·S + s is P[a, s, :]; R[s], R[s, a], R[a, s, s'], or R_data beside
    P_data; and perhaps gamma and start[s]. An action whose row is all zeros is not available.

    Raises:
        InputError: an array is missing, or not as it should be.
    """
    return model_of_named_arrays(arrays_of(file, "a model", "P and R"), file.at())


def model_of_named_arrays(source: Mapping[str, Any], where: str) -> MDP:
    """Return the model that arrays hold, as in `read`.

    Args:
        source: the arrays by name.
        where: what errors call them.

    Raises:
        InputError: an array is missing, or not as it should be.
    """
    source, notes, entry = usual_arrays(source, where)
    arrays = _numbers(source, where)
    of_any = {name.lower(): array for name, array in arrays.items()}
    dense = next((of_any[name.lower()] for name in DENSE if name.lower() in of_any), None)
    rewards = next((of_any[name.lower()] for name in REWARDS if name.lower() in of_any), None)
    if dense is None and not all(name in arrays for name in SPARSE):
        raise _missing("P, or P_data, P_indices and P_indptr", arrays, where)
    if rewards is None and "R_data" not in arrays:
        raise _missing("R", arrays, where)
    if dense is not None and any(name in arrays for name in SPARSE):
        raise InputError("P stands there dense and in compressed rows", where, "give one")
    model = model_of_npz_arrays(
        dense if dense is not None else tuple(arrays[name] for name in SPARSE),
        arrays.get("R_data", rewards) if dense is None else rewards,
        where=where,
        n_states=int(arrays["n_states"]) if "n_states" in arrays else None,
        entry=entry,
    )
    model.notes.extend(notes)
    return _with(model, arrays, where)


def _with(model: MDP, arrays: dict[str, NDArray[Any]], where: str) -> MDP:
    from dataclasses import replace

    if "gamma" in arrays:
        if arrays["gamma"].size != 1 or not 0 <= arrays["gamma"].item() <= 1:
            given = listed(arrays["gamma"].reshape(-1).tolist())
            raise InputError(
                f"gamma is {given or 'empty'}, expected a number 0..1",
                where,
                fix="give one number from 0 to 1",
            )
        model = replace(model, gamma=float(arrays["gamma"].item()))
    if "start" in arrays:
        start = arrays["start"].astype(np.float64)
        if start.shape != (model.n_states,) or not abs(start.sum() - 1) < 1e-9 or start.min() < 0:
            raise InputError(
                f"start has the shape {start.shape} and the sum {start.sum():g}",
                where,
                f"it is the distribution of the first of {model.n_states:,} states",
            )
        model = replace(model, start=start)
    return model


def _numbers(source: Mapping[str, Any], where: str) -> dict[str, NDArray[Any]]:
    arrays: dict[str, Any] = {
        name: array if isinstance(array, np.ndarray | bytes) else np.asarray(array)
        for name, array in source.items()
    }
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "iufb":
            content = (
                array.dtype if isinstance(array, np.ndarray) else "bytes that are not an array"
            )
            raise InputError(
                f"{shown(name)} holds {content}, expected numbers",
                where,
                fix="save arrays of numbers only, with numpy.savez",
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            place = np.argwhere(~np.isfinite(array))[0].tolist()
            raise InputError(
                f"{shown(name)}{place} is {array[tuple(place)]}, expected a finite number",
                where,
                "an action that is not allowed has no probabilities: set its row of P to 0",
            )
    return arrays


def _missing(what: str, arrays: dict[str, Any], where: str) -> InputError:
    return InputError(f"there is no {what}", where, f"there are {listed(arrays)}")


def model_of_npz_arrays(
    transition: Any,
    reward: Any,
    *,
    where: str = "the arrays",
    n_states: int | None = None,
    entry: str = ENTRY,
) -> MDP:
    """Return the model that the arrays of an npz file hold; states and actions are numbers from 0.

    Args:
        transition: (A, S, S), or data, indices and indptr of its (A·S, S) compressed rows.
        reward: (S,), (S, A), (A, S, S), or one entry an outcome of compressed rows.
        where: what an error calls them.
        n_states: S of compressed rows; None: R says it, or the largest next state.
        entry: how an error calls an entry of P.

    Raises:
        InputError: shapes that do not fit, or probabilities that do not sum to 1.
    """
    rewards = np.asarray(reward, dtype=np.float64)
    if isinstance(transition, tuple):
        data, next_state, start = (np.asarray(part) for part in transition)
        flat = data.ndim == next_state.ndim == start.ndim == 1 and len(start)
        whole = next_state.dtype.kind in "iu" and start.dtype.kind in "iu"
        if not flat or not whole or next_state.min(initial=0) < 0 or np.any(np.diff(start) < 0):
            raise InputError(
                "P_data, P_indices and P_indptr are not compressed rows",
                where,
                "they are flat; P_indices are states from 0, P_indptr are offsets that rise",
            )
        n_states, n_actions = _sizes_of_rows(len(start) - 1, rewards, next_state, where, n_states)
        if len(data) != len(next_state) or start[0] != 0 or start[-1] != len(data):
            raise InputError(
                f"P_indptr leads from {start[0]} to {start[-1]}, there are {len(data):,} P_data "
                f"and {len(next_state):,} P_indices",
                where,
                fix="P_indptr begins with 0 and ends with the number of entries of P_data",
            )
        row = np.repeat(np.arange(len(start) - 1), np.diff(start))
        action, state = row // n_states, row % n_states
        probability = data.astype(np.float64)
    else:
        dense = np.asarray(transition, dtype=np.float64)
        if dense.ndim != 3 or dense.shape[1] != dense.shape[2] or not dense.size:
            raise InputError(
                f"P has the shape {dense.shape}, expected (A, S, S)",
                where,
                fix="P[a, s, s'] is the probability of s' after a in s; P[s, a, s'] and P[s, s'] "
                "are read too",
            )
        n_actions, n_states, _ = dense.shape
        state, action, next_state = np.nonzero(dense.transpose(1, 0, 2))
        probability = dense[action, state, next_state]
    if not len(probability):
        raise InputError(
            "all probabilities are zero",
            where,
            fix="give each state-action pair its next states, or use a model that is not empty",
        )
    order = np.lexsort((next_state, action, state))
    state, action, next_state = state[order], action[order], next_state[order]
    model = MDP.from_rows(
        state,
        action,
        next_state,
        probability[order],
        _rewards(rewards, state, action, next_state, order, (n_states, n_actions), where),
        Numbers(np.arange(n_states)),
        Numbers(np.arange(n_actions)),
        lambda row: entry.format(a=action[row], s=state[row], next=next_state[row]),
        where,
    )
    model.notes.extend(_rewards_of_terminal_states(rewards, model))
    return model


def _rewards_of_terminal_states(rewards: Floats, model: MDP) -> list[str]:
    """Return a note of rewards R[s] and R[s, a] of states in which nothing can be done."""
    if len(rewards) != model.n_states or rewards.ndim > 2:
        return []
    of_state = np.abs(rewards).reshape(model.n_states, -1).max(axis=1)
    states = np.flatnonzero(model.expected.terminal & (of_state > 0)).tolist()
    if not states:
        return []
    return [
        f"R gives a reward to {len(states):,} terminal "
        f"{'state' if len(states) == 1 else 'states'} ({listed(states, most=3)}), which does not "
        "count: nothing is done there; a state that leads to itself earns its reward for ever"
    ]


def _sizes_of_rows(
    n_rows: int, rewards: Floats, next_state: NDArray[Any], where: str, known: int | None
) -> tuple[int, int]:
    """Return S and A of compressed rows: R says it, or else there are as many states as needed."""
    n_states = len(rewards) if rewards.ndim == 2 else int(next_state.max(initial=0)) + 1
    if rewards.ndim == 1 and len(rewards) != len(next_state):
        n_states = len(rewards)
    n_states = known or n_states
    if not n_states or n_rows % n_states or next_state.max(initial=0) >= n_states:
        raise InputError(
            f"{n_rows:,} rows of P are not a multiple of {n_states:,} states",
            where,
            "row a·S + s is P[a, s, :]; give R[s, a], whose shape shows the number of states",
        )
    return n_states, n_rows // n_states


def _rewards(
    rewards: Floats,
    state: NDArray[Any],
    action: NDArray[Any],
    next_state: NDArray[Any],
    order: NDArray[Any],
    sizes: tuple[int, int],
    where: str,
) -> Floats:
    n_states, n_actions = sizes
    entries: dict[tuple[int, ...], Any] = {
        (len(order),): (order,),
        (n_states,): (state,),  # also where there are as many outcomes
        (n_states, n_actions): (state, action),
        (n_actions, n_states, n_states): (action, state, next_state),
    }
    if rewards.shape not in entries:
        raise InputError(
            f"R has the shape {rewards.shape}",
            where,
            f"expected ({n_states},), ({n_states}, {n_actions}) or ({n_actions}, {n_states}, "
            f"{n_states}): R[s], R[s, a] or R[a, s, s']",
        )
    taken: Floats = rewards[entries[rewards.shape]]
    return taken
