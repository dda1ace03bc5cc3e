"""Trajectories → the steps that advantages are computed of: V(s_t), V(s_{t+1}), ratios π/b."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rlcalc.errors import InputError
from rlcalc.estimators.advantages.request import AdvantageRequest, CriticSteps
from rlcalc.numerics.arrays import Flags, Floats
from rlcalc.trajectories import Trajectories, contradicting_values


@dataclass
class StepNotes:
    """What is to be said of the steps read so far."""

    flagless: int = 0  # trajectories that do not say how they ended
    contradictions: int = 0  # steps whose next_value is not the value of the next row
    first_contradiction: int = 0  # its row

    def texts(self) -> list[str]:
        """Return a sentence about each thing that was met."""
        texts = []
        if self.flagless:
            texts.append(
                f"{self.flagless:,} trajectories do not say how they ended: they count as "
                "terminated, see --unknown-end"
            )
        if self.contradictions:
            texts.append(
                f"next_value contradicts the value of the next row in {self.contradictions:,} "
                f"steps, first in row {self.first_contradiction}: next_value is used"
            )
        return texts


def critic_steps(
    batch: Trajectories,
    request: AdvantageRequest,
    gamma: float,
    notes: StepNotes,
    before: int = 0,
) -> tuple[CriticSteps, Flags]:
    """Return the steps with V(s_t) and V(s_{t+1}), and which steps count.

    A terminated end is followed by 0, also where it is truncated too. A truncated end is followed
    by `last_value`; an end without a flag is a cut if that is known.

    Args:
        batch: with the values of a critic.
        request: the method, and what ends of unknown value are.
        gamma: 0..1 a step.
        notes: takes what is to be said.
        before: the steps of the source before the batch.

    Raises:
        InputError: a value is missing.
    """
    if batch.value is None:
        raise InputError(
            "the steps have no values of a critic",
            fix="add a column value, name it (--value COLUMN), or give a critic: --value FILE with "
            "the columns state and v, or --value exact:MODEL",
        )
    used = np.ones(batch.n_steps, dtype=bool)
    last = batch.start[1:] - 1
    require(
        batch,
        before,
        ~np.isnan(batch.value),
        "a value is missing",
        "give every step a value, or name a critic of its states with --value FILE",
    )
    after = np.full(len(batch), np.nan) if batch.last_value is None else batch.last_value
    cut = ~batch.terminated & ~np.isnan(after)
    missing = ~batch.terminated & np.isnan(after)
    flagless = missing & ~batch.truncated
    if request.unknown_end == "cut":
        used[last[missing]] = False
    elif request.unknown_end is None and (missing & batch.truncated).any():
        row = row_of(batch, int(last[missing & batch.truncated][0]), before)
        raise InputError(
            "a trajectory was truncated, and the value of the state after the cut is not known",
            f"row {row}",
            "add a column next_value; or give next_state and a critic of states (--value FILE); "
            "or add --unknown-end cut, which bootstraps from the value of the last row",
        )
    elif request.unknown_end is None:
        notes.flagless += int(flagless.sum())
    next_value = np.empty(batch.n_steps)
    next_value[:-1] = batch.value[1:]
    if batch.next_value is not None:
        known = ~np.isnan(batch.next_value)
        wrong = contradicting_values(batch)
        if len(wrong):
            if not notes.contradictions:
                notes.first_contradiction = row_of(batch, int(wrong[0]), before)
            notes.contradictions += len(wrong)
        next_value = np.where(known, batch.next_value, next_value)
    next_value[last] = np.where(cut, after, 0.0)
    reward = batch.reward
    if request.unknown_end == "cut" and missing.any():  # V(s_n) is the tail of the step before
        gone = last[missing]
        reward = reward.copy()
        reward[gone] = batch.value[gone]
        cut = cut | missing
    taken = batch.action_value if request.needs_action_values else None
    steps = CriticSteps(batch.start, reward, batch.value, next_value, gamma, cut, taken)
    return steps, used


def row_of(batch: Trajectories, step: int, before: int = 0) -> int:
    """Return the row of a step in its source, from 1."""
    return before + step + 1 if batch.row is None else int(batch.row[step]) + 1


def require(batch: Trajectories, before: int, fine: Flags, what: str, fix: str) -> None:
    """Refuse the first step that is not fine.

    Raises:
        InputError: there is one.
    """
    if not fine.all():
        raise InputError(what, f"row {row_of(batch, int(fine.argmin()), before)}", fix)


def with_ratios(
    batch: Trajectories,
    steps: CriticSteps,
    request: AdvantageRequest,
    policy: Floats | None,
    before: int = 0,
) -> CriticSteps:
    """Return the steps with π(a_t|s_t) and its ratio to b(a_t|s_t).

    Args:
        batch: of which the steps are.
        steps: without ratios.
        request: the method.
        policy: [T] π(a_t|s_t); default exp(log_prob).
        before: the steps of the source before the batch.

    Raises:
        InputError: a probability is missing or impossible, or Q is needed and is not known.
    """
    if request.method != "vtrace" and batch.action_value is None:
        raise InputError(
            f"{request.method} needs the values of actions",
            fix="add a column q with Q(s_t, a_t), or --value FILE with state, action and q",
        )
    if policy is None and batch.log_prob is None:
        raise InputError(
            f"{request.method} needs the probability of each action under the policy",
            fix="add a column log_prob, or give the policy: --policy FILE",
        )
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        log_pi = np.log(policy) if policy is not None else batch.log_prob
        assert log_pi is not None
        log_b = batch.old_log_prob
        if batch.behaviour_prob is not None:
            log_b = np.log(batch.behaviour_prob)
        elif log_b is None and policy is not None:
            log_b = batch.log_prob
        if log_b is None and request.method == "tree-backup":
            log_b = log_pi
        if log_b is None:
            raise InputError(
                f"{request.method} needs the probability with which each action was taken",
                fix="add a column behaviour_prob or old_log_prob",
            )
        ratio = np.exp(log_pi - log_b)
    if request.method != "tree-backup":
        require(
            batch,
            before,
            np.isfinite(ratio),
            "the ratio π/b is not a finite number",
            "correct the probabilities of these rows, or leave them out",
        )
    return replace(steps, ratio=ratio, probability=np.exp(log_pi))
