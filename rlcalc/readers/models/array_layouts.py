"""Arrays as other programs name and order them → P[a, s, s'], R and gamma, as `npz` reads them.

QuantEcon has R[s, a], Q[s, a, s'] and beta, or a row for each state-action pair; Bellman's notation
and many programs have P[s, a, s']; a Markov reward process has P[s, s'] and R[s].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rlcalc.errors import InputError, listed, shown

DENSE = ("P", "T", "transition", "transitions")
REWARDS = ("R", "reward", "rewards")
LAYOUTS = {"ass": "a, s, s'", "sas": "s, a, s'"}
PAIRS = ("s_indices", "a_indices")
SPARSE_FIX = (
    "save both in one file: P = scipy.sparse.load_npz(FILE).tocsr(); numpy.savez('model.npz', "
    "P_data=P.data, P_indices=P.indices, P_indptr=P.indptr, R=R)"
)


ENTRY = "P[{a}, {s}, {next}]"
"""How an error calls an entry of P."""


def usual_arrays(source: Mapping[str, Any], where: str) -> tuple[dict[str, Any], list[str], str]:
    """Return arrays under the names and in the order in which they are read.

    Notes, and how an error calls an entry of P, as of `ENTRY`, come with them.

    Args:
        source: the arrays by name; `layout` may tell the order of the axes of P, such as s,a,s'.
        where: what errors call them.

    Raises:
        InputError: arrays that do not fit, or a sparse matrix without rewards.
    """
    arrays = dict(source)
    if {"format", "shape", "data"} <= arrays.keys():
        raise InputError("this is one sparse matrix of scipy, without rewards", where, SPARSE_FIX)
    name = _name_of(DENSE, arrays)
    if name is not None and _is_sparse(arrays[name]):
        rows = _sparse_rows(arrays.pop(name))
        arrays |= {"P_data": rows.data, "P_indices": rows.indices, "P_indptr": rows.indptr}
        return arrays, [], ENTRY
    layout = _layout(arrays.pop("layout", None), where)
    if name is None and _are_numbers(arrays, "Q", "R"):
        if "beta" in arrays and "gamma" not in arrays:
            arrays["gamma"] = arrays.pop("beta")
        if any(pair in arrays for pair in PAIRS):
            return _of_pairs(arrays, where), [], "Q of state {s} and action {a}"
        return _of_quantecon(arrays, where), [], "Q[{s}, {a}, {next}]"
    if name is None:
        return arrays, [], ENTRY
    return _with_actions_first(arrays, name, layout)


def _is_sparse(value: Any) -> bool:
    """Whether a value is a sparse matrix of scipy, or one for each action, as pymdptoolbox has."""
    several = value if isinstance(value, list | tuple) and value else [value]
    return all(hasattr(one, "tocsr") for one in several)


def _sparse_rows(value: Any) -> Any:
    if hasattr(value, "tocsr"):
        return value.tocsr()
    from scipy import sparse  # it is loaded already: somebody made these

    return sparse.vstack(list(value)).tocsr()


def _are_numbers(arrays: Mapping[str, Any], *names: str) -> bool:
    kinds = [getattr(np.asarray(arrays[name]), "dtype", None) for name in names if name in arrays]
    sparse = [hasattr(arrays[name], "toarray") for name in names if name in arrays]
    numeric = [kind is not None and kind.kind in "iufb" for kind in kinds]
    return len(kinds) == len(names) and all(map(max, numeric, sparse))


def _name_of(names: tuple[str, ...], arrays: Mapping[str, Any]) -> str | None:
    lowered = {name.lower(): name for name in arrays}
    return next((lowered[name.lower()] for name in names if name.lower() in lowered), None)


def _layout(value: Any, where: str) -> str | None:
    """Return the order of the axes that the user gives P: `ass`, `sas` or None."""
    if value is None:
        return None
    text = "".join(sign for sign in str(np.asarray(value)[()]).lower() if sign in "as")
    if text not in LAYOUTS:
        raise InputError(
            f"layout is {shown(np.asarray(value)[()], 40)}",
            where,
            f"write one of {listed(LAYOUTS)}: {listed(f'P[{axes}]' for axes in LAYOUTS.values())}",
        )
    return text


def _with_actions_first(
    arrays: dict[str, Any], name: str, layout: str | None
) -> tuple[dict[str, Any], list[str], str]:
    """Return P with its actions first, and a note where its shape does not tell which they are."""
    transition = np.asarray(arrays[name])
    reward_name = _name_of(REWARDS, arrays)
    reward = None if reward_name is None else np.asarray(arrays[reward_name])
    notes: list[str] = []
    shape = transition.shape
    if transition.ndim == 2 and shape[0] == shape[1]:
        arrays[name] = transition[None]
        if reward is not None and reward.shape == shape:
            arrays[str(reward_name)] = reward[None]
        return arrays, notes, "P[{s}, {next}]"
    if transition.ndim != 3:
        return arrays, notes, ENTRY
    either = shape[0] == shape[1] == shape[2]
    if layout is None and either and _differs(transition, reward):
        notes.append(
            "P is read as P[a, s, s']: its shape would be the same as P[s, a, s'], which layout="
            "'sas' beside it says (layout='ass' leaves out this note)"
        )
    if layout == "sas" or (layout is None and not either and shape[0] == shape[2]):
        arrays[name] = transition.transpose(1, 0, 2)
        if reward is not None and reward.shape == shape:
            arrays[str(reward_name)] = reward.transpose(1, 0, 2)
        if layout is None:
            notes.append("P is read as P[s, a, s'], as its shape says")
        return arrays, notes, "P[{s}, {a}, {next}]"
    return arrays, notes, ENTRY


def _differs(transition: Any, reward: Any) -> bool:
    """Whether the two orders of axes are two models."""
    same = np.array_equal(transition, transition.transpose(1, 0, 2))
    if reward is None or not same:
        return not same
    axes = (1, 0, 2) if reward.ndim == 3 else None
    return axes is not None and not np.array_equal(reward, reward.transpose(axes))


def _of_quantecon(arrays: dict[str, Any], where: str) -> dict[str, Any]:
    """Return R[s, a] and Q[s, a, s'] as R and P; where R is −inf the action is not allowed."""
    reward, transition = (np.asarray(arrays[name], dtype=np.float64) for name in "RQ")
    if transition.ndim != 3 or transition.shape != (*reward.shape, transition.shape[0]):
        raise InputError(
            f"R has the shape {reward.shape} and Q {transition.shape}",
            where,
            "expected R[s, a] and Q[s, a, s'], or s_indices and a_indices beside R and Q",
        )
    allowed = reward != -np.inf
    arrays["P"] = np.where(allowed[:, :, None], transition, 0.0).transpose(1, 0, 2)
    arrays["R"] = np.where(allowed, reward, 0.0)
    del arrays["Q"]
    return arrays


def _of_pairs(arrays: dict[str, Any], where: str) -> dict[str, Any]:
    """Return a row of R and Q for each state-action pair as compressed rows of P."""
    missing = [name for name in PAIRS if name not in arrays]
    if missing:
        raise InputError(f"there is no {missing[0]}", where, f"there are {listed(arrays)}")
    state, action = (np.asarray(arrays.pop(name)) for name in PAIRS)
    transition = arrays.pop("Q")
    transition = np.asarray(getattr(transition, "toarray", lambda: transition)())
    reward = np.asarray(arrays.pop("R"), dtype=np.float64)
    n = len(reward) if reward.ndim == 1 else 0
    n_states = transition.shape[-1] if transition.ndim == 2 else 0
    fits = state.shape == action.shape == (n,) and transition.shape[:1] == (n,) and n and n_states
    if not fits or state.dtype.kind not in "iu" or action.dtype.kind not in "iu":
        raise InputError(
            f"R has the shape {reward.shape}, Q {transition.shape}, s_indices {state.shape} and "
            f"a_indices {action.shape}",
            where,
            "expected L whole numbers in each of the indices, R[l] and Q[l, s']",
        )
    if (
        state.min() < 0
        or state.max() >= n_states
        or action.min() < 0
        or action.max() > n * n_states
    ):
        raise InputError(
            "an entry of s_indices or a_indices is no state or action",
            where,
            f"states are numbers from 0 to {n_states - 1:,}, actions from 0 without gaps",
        )
    row = action.astype(np.int64) * n_states + state
    order = np.argsort(row, kind="stable")
    twice = np.flatnonzero(np.diff(row[order]) == 0)
    if len(twice):
        entry = order[twice[0] + 1]
        what = f"the pair of state {state[entry]} and action {action[entry]} comes twice"
        raise InputError(what, f"{where}, entry {entry:,}", "leave out one of them")
    place, after = np.nonzero(transition[order])
    length = np.zeros((int(action.max()) + 1) * n_states, dtype=np.int64)
    np.add.at(length, row[order][place], 1)
    arrays |= {
        "P_data": transition[order][place, after],
        "P_indices": after,
        "P_indptr": np.concatenate([[0], np.cumsum(length)]),
        "R_data": reward[order][place],
        "n_states": n_states,
    }
    return arrays
