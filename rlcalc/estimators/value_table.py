"""The table of values by state and by pair, for estimators that solve or sweep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rlcalc.estimators.transitions import CountedTransitions
from rlcalc.estimators.visits import ACTION_BITS
from rlcalc.numerics.arrays import Codes, Floats, Ints
from rlcalc.result import Column, Role

Of = Literal["all", "v", "q", "a"]


@dataclass(frozen=True)
class Estimates:
    """Values of states or pairs, in reward units, with what is known of their errors."""

    value: Floats  # [N]
    error: Floats | None = None  # [N] standard errors; None: there are none
    low: Floats | None = None  # [N]
    high: Floats | None = None  # [N]


def value_columns(
    counted: CountedTransitions, of: Of, estimates: dict[str, Estimates]
) -> dict[str, Column]:
    """Return the columns of a table of V, or of Q and A, with rows in order of first appearance.

    Args:
        counted: the states and pairs, and their counts.
        of: `v`: a row a state; else a row a pair.
        estimates: by letter: `v` of states [S], `q` and `a` of pairs [K].
    """
    model, summary, experience = counted.model, counted.summary, counted.passes.experience
    if of == "v":
        rows = np.argsort(summary.order, kind="stable")
        names = experience.states.named(model.state[rows])
        count = {"v_n": Column(model.state_count[rows], "count", "n")}
        return {"state": Column(names, "key"), **count, **_letter("v", estimates["v"], rows)}
    state_of = model.expected.pair_state
    action_of = model.pair & ((1 << ACTION_BITS) - 1)
    rows = np.lexsort([action_of, summary.order[state_of]])
    state = state_of[rows]
    column = {
        "state": Column(experience.states.named(model.state[state]), "key"),
        "action": Column(experience.actions.named(action_of[rows]), "key"),
        "n": Column(model.count[rows], "count"),
    }
    if of != "all":
        return column | _letter(of, estimates[of], rows)
    pi = {"pi": Column(model.policy[rows], symbol="π̂")}
    v_count = {"v_n": Column(model.state_count[state], "count", "n(s)")}
    q, a = (_letter(letter, estimates[letter], rows) for letter in "qa")
    return column | pi | q | v_count | _letter("v", estimates["v"], state) | a


def _letter(name: str, one: Estimates, rows: Ints | Codes) -> dict[str, Column]:
    def column(values: Floats | None, role: Role) -> Column:
        missing = np.full(len(rows), np.nan)
        return Column(missing if values is None else values[rows], role)

    return {
        name: Column(one.value[rows], "value", f"{name.upper()}\u0302"),
        f"{name}_se": column(one.error, "error"),
        f"{name}_low": column(one.low, "bound"),
        f"{name}_high": column(one.high, "bound"),
    }
