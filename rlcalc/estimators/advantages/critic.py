"""Critics by label: values of states and of actions → values of steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rlcalc.errors import InputError, shown
from rlcalc.labels import text_of_label
from rlcalc.numerics.arrays import Codes, Flags, Floats
from rlcalc.numerics.probabilities import SUM_TOLERANCE
from rlcalc.trajectories import Trajectories

Values = Mapping[str, float]
ActionValues = Mapping[str, Mapping[str, float]]


def values_of_rows(
    rows: Iterable[Mapping[str, Any]], where: str = "the critic"
) -> tuple[Values, ActionValues]:
    """Return V by state and Q by state and action, of rows with `state`, `v`, `action` and `q`.

    Raises:
        InputError: a state has two different values.
    """
    values: dict[str, float] = {}
    action_values: dict[str, dict[str, float]] = {}
    for row in rows:
        state = text_of_label(row["state"])
        if row.get("v") is not None:
            value = float(row["v"])
            if values.setdefault(state, value) != value:
                raise InputError(
                    f"state {shown(state)} has the values {values[state]:g} and {value:g}",
                    where,
                    "give every state one value",
                )
        if row.get("q") is not None and row.get("action") is not None:
            known = action_values.setdefault(state, {})
            known[text_of_label(row["action"])] = float(row["q"])
    return values, action_values


def policy_of_log(entries: Mapping[Any, Any], where: str = "the policy") -> ActionValues:
    """Return π by the texts of states and actions.

    Args:
        entries: {state: action or {action: probability}}.
        where: they stand, for errors.

    Raises:
        InputError: the probabilities of a state do not sum to 1.
    """
    policy: dict[str, dict[str, float]] = {}
    for state, choice in entries.items():
        choices = choice if isinstance(choice, Mapping) else {choice: 1.0}
        chances = {text_of_label(a): float(chance) for a, chance in choices.items()}
        total = sum(chances.values())
        if min(chances.values(), default=0.0) < 0 or not abs(total - 1) <= SUM_TOLERANCE:
            raise InputError(
                f"the policy's probabilities in state {shown(state)} sum to {total:.10g}",
                where,
                "make them sum to 1, with none below 0",
            )
        policy[text_of_label(state)] = chances
    return policy


def chance_of_steps(batch: Trajectories, policy: ActionValues) -> Floats:
    """Return [T] π(a_t|s_t); an action that a state of the policy does not name has 0.

    Raises:
        InputError: the policy lacks a state.
    """
    return _of_pairs(batch, policy, "the policy", 0.0)


class Critic:
    """V by state and Q by state and action, for steps that come in pieces of one source."""

    def __init__(
        self,
        values: Values,
        action_values: ActionValues,
        policy: ActionValues | None = None,
        *,
        of_actions: bool = False,
    ) -> None:
        """Take the values.

        Args:
            values: V by state.
            action_values: Q by state and action.
            policy: π by state and action, for V(s) = Σ_a π(a|s) Q(s,a).
            of_actions: whether Q is needed.
        """
        self._action_values = action_values if of_actions else None
        self._values = values
        if of_actions and policy is not None:
            self._values = {
                state: sum(
                    p * known.get(action, np.nan) for action, p in policy[state].items() if p
                )
                for state, known in action_values.items()
                if state in policy
            }
        self._by_code = np.empty(0)

    def of_steps(self, batch: Trajectories) -> Trajectories:
        """Return trajectories with the values of every step and of what follows.

        Raises:
            InputError: the critic lacks a state or an action.
        """
        taken = None
        if self._action_values is not None:
            taken = _of_pairs(batch, self._action_values, "the critic", None)
        texts = batch.states.texts
        new = [self._values.get(text, np.nan) for text in texts[len(self._by_code) :]]
        self._by_code = np.append(self._by_code, np.array(new, dtype=np.float64))
        value = self._by_code[batch.state]
        self._require(batch, batch.state, np.isnan(value))
        after = None
        if batch.last_state is not None:
            known = batch.last_state >= 0
            after = np.where(known, self._by_code[batch.last_state], np.nan)
            wrong = known & np.isnan(after) & ~batch.terminated
            self._require(batch, batch.last_state, wrong, ", which follows a cut")
        return replace(batch, value=value, next_value=None, last_value=after, action_value=taken)

    def _require(self, batch: Trajectories, states: Codes, lacking: Flags, more: str = "") -> None:
        if lacking.any():
            state = batch.states.texts[int(states[lacking.argmax()])]
            raise InputError(
                f"the critic has no value of state {shown(state)}{more}",
                fix="add a row for it (columns state and v)",
            )


def _of_pairs(batch: Trajectories, table: ActionValues, noun: str, absent: float | None) -> Floats:
    """Return [T] the entries of (s_t, a_t) in a table."""
    n = max(len(batch.actions), 1)
    pairs, number = np.unique(batch.state.astype(np.int64) * n + batch.action, return_inverse=True)
    entries = np.empty(len(pairs))
    for place, pair in enumerate(pairs.tolist()):
        state, action = batch.states.texts[pair // n], batch.actions.texts[pair % n]
        entry = table.get(state, {}).get(action, absent if state in table else None)
        if entry is None:
            raise InputError(
                f"{noun} has no entry of action {shown(action)} in state {shown(state)}",
                fix="add a row for it",
            )
        entries[place] = entry
    answer: Floats = entries[number.reshape(-1)]
    return answer
