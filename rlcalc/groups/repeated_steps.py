"""Steps that stand twice in the source, as in a run that was resumed from an earlier step."""

from __future__ import annotations

import numpy as np

from rlcalc.groups.evaluation_steps import evaluation_warnings
from rlcalc.numerics.arrays import Flags, Ints
from rlcalc.rollouts import Rollouts


def repeated_steps(rollouts: Rollouts) -> Ints:
    """Return the numbers, among the B steps, of those that stand twice in the source.

    Either most prompts of the step come again after rows of another step, or all of its prompts
    have 2 or more times the rollouts that prompts of most steps have.
    """
    if len(rollouts.step) < 2 or evaluation_warnings(rollouts):
        return np.empty(0, np.int64)
    again = _come_again(rollouts) | _have_multiples(rollouts)
    return np.flatnonzero(again)


def _occurrences(rollouts: Rollouts) -> tuple[Ints, Ints]:
    """Return [Q] the step of each prompt of each step, and [K] which of these a group is of."""
    if np.bincount(rollouts.prompt).max() == 1:  # no prompt comes again
        return rollouts.step_of_group, np.arange(rollouts.n_groups)
    width = int(rollouts.prompt.max(initial=0)) + 1
    both, which = np.unique(rollouts.step_of_group * width + rollouts.prompt, return_inverse=True)
    return both // width, which.reshape(-1)


def _have_multiples(rollouts: Rollouts) -> Flags:
    """Return [B] whether every prompt of a step has a multiple of the usual number of rollouts."""
    n_steps = len(rollouts.step)
    step, which = _occurrences(rollouts)
    total = np.bincount(which, rollouts.size).astype(np.int64)
    usual = int(np.argmax(np.bincount(total)))
    more = (total >= 2 * usual) & (total % usual == 0)
    all_more = np.bincount(step, more, n_steps) == np.bincount(step, minlength=n_steps)
    flags: Flags = all_more & (usual > 1)
    return flags if 2 * flags.sum() <= n_steps else np.zeros(n_steps, bool)


def _come_again(rollouts: Rollouts) -> Flags:
    """Return [B] whether most prompts of a step come again after rows of another step.

    Every part has 2 rollouts or more, or else the rows are in no order at all.
    """
    n_steps, n = len(rollouts.step), len(rollouts)
    none = np.zeros(n_steps, bool)
    if rollouts.row is None:
        return none
    step_of_row = np.empty(n, np.int64)
    step_of_row[rollouts.row] = np.repeat(rollouts.step_of_group, rollouts.size)
    changes = step_of_row[1:] != step_of_row[:-1]
    n_parts = int(changes.sum()) + 1
    if n_parts <= n_steps or 2 * n_parts > n:
        return none
    part_of_row = np.concatenate([[0], np.cumsum(changes)])
    step, which = _occurrences(rollouts)
    part = np.repeat(which, rollouts.size) * n_parts + part_of_row[rollouts.row]
    parts, size = np.unique(part, return_counts=True)
    occurrence = parts // n_parts
    again = np.bincount(occurrence, minlength=len(step)) > 1
    again &= np.bincount(occurrence, size < 2, len(step)) == 0
    flags: Flags = 2 * np.bincount(step, again, n_steps) > np.bincount(step, minlength=n_steps)
    return flags
