"""A row a training step: rewards, spread, dead groups, lengths, and prompts that come again."""

from __future__ import annotations

import numpy as np

from rlcalc.groups.groups import EASY, FLAT, MIXED, Groups
from rlcalc.groups.pass_at_k import is_success
from rlcalc.groups.summary import means_of_steps
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.result import Column


def step_rows(groups: Groups) -> dict[str, Column]:
    """Return a row a step, in the order of the steps.

    `spread` is the standard deviation inside the groups of the step,
    √( Σ (r_i − μ_g)² / Σ_g (G_g − 1) ). `dead_to_mixed` is the share of the repeated prompts that
    were dead at the last earlier step that had them, and are mixed now. Columns of prompts are None
    where the source does not tell them apart.
    """
    rollouts, scored, means = groups.rollouts, groups.rollouts.scored, _Means(groups)
    reward, error = means_of_steps(groups)
    squares = means.sums(groups.for_all(scored.squares, 0.0))
    free = means.sums(np.maximum(groups.n_scored - 1, 0))
    status, has_reward = groups.status, groups.n_scored > 0
    columns = {
        "step": Column(list(rollouts.step), "key"),
        "groups": Column(np.diff(rollouts.batch), "count"),
        "rollouts": Column(np.diff(rollouts.start[rollouts.batch]), "count"),
        "reward": Column(reward),
        "reward_se": Column(error, "error"),
        "spread": Column(np.sqrt(_ratio(squares, free))),
        "dead": Column(means.of_groups(status >= EASY, status <= FLAT)),
        "pass_at_1": Column(
            means.of_groups(groups.n_right / np.maximum(groups.n_scored, 1), has_reward),
            symbol="pass@1",
        ),
    }
    if rollouts.length is not None:
        right = is_success(rollouts.reward, groups.success)
        wrong = ~right & ~np.isnan(rollouts.reward)
        known = ~np.isnan(rollouts.length)
        columns["length_right"] = Column(means.of_rollouts(rollouts.length, right & known))
        columns["length_wrong"] = Column(means.of_rollouts(rollouts.length, wrong & known))
    if rollouts.truncated is not None:
        every = np.ones(len(rollouts), bool)
        columns["truncated"] = Column(means.of_rollouts(rollouts.truncated, every))
    return columns | prompt_columns(groups)


def prompt_columns(groups: Groups) -> dict[str, Column]:
    """Return the columns of prompts; see `step_rows`."""
    rollouts = groups.rollouts
    n_steps = len(rollouts.step)
    if not rollouts.facts.get("prompts_known", True) or n_steps < 1:
        none = Column([None] * n_steps, "count")
        return {name: none for name in ("new_prompts", "repeated_prompts", "dead_to_mixed")}
    step, prompt, mixed, dead = _prompts_of_steps(groups)
    order = np.lexsort([step, prompt])
    step, prompt, mixed, dead = step[order], prompt[order], mixed[order], dead[order]
    again = np.concatenate([[False], prompt[1:] == prompt[:-1]])
    was_dead = np.concatenate([[False], dead[:-1]])
    repeated = _counted(step, again, n_steps)
    went = _counted(step, again & was_dead & mixed, n_steps)
    return {
        "new_prompts": Column(_counted(step, ~again, n_steps).astype(np.int64), "count"),
        "repeated_prompts": Column(repeated.astype(np.int64), "count"),
        "dead_to_mixed": Column(_ratio(went, repeated)),
    }


def _prompts_of_steps(groups: Groups) -> tuple[Ints, Ints, Flags, Flags]:
    """Return the prompts of every step: the step, the prompt, and whether it is mixed, or dead.

    A prompt with several groups at a step is mixed if one of them is, else dead if one of them is.
    """
    rollouts, status = groups.rollouts, groups.status
    width = int(rollouts.prompt.max(initial=0)) + 1
    both, which = np.unique(rollouts.step_of_group * width + rollouts.prompt, return_inverse=True)
    which = which.reshape(-1)
    mixed = np.bincount(which, status == MIXED, len(both)) > 0
    dead = np.bincount(which, (status >= EASY) & (status <= FLAT), len(both)) > 0
    return both // width, both % width, mixed, dead & ~mixed


class _Means:
    """Sums and means over the groups, or the rollouts, of each step."""

    def __init__(self, groups: Groups) -> None:
        self.step = groups.rollouts.step_of_group
        self.size = groups.rollouts.size
        self.n_steps = len(groups.rollouts.step)

    def sums(self, values: Floats | Ints | Flags) -> Floats:
        return _counted(self.step, values, self.n_steps)

    def of_groups(self, values: Floats | Flags, of: Flags) -> Floats:
        return _ratio(self.sums(np.where(of, values, 0.0)), self.sums(of))

    def of_rollouts(self, values: Floats | Flags, of: Flags) -> Floats:
        step = np.repeat(self.step, self.size)
        total = _counted(step, np.where(of, values, 0.0), self.n_steps)
        return _ratio(total, _counted(step, of, self.n_steps))


def _counted(number: Ints, weight: Floats | Ints | Flags, n: int) -> Floats:
    """Return [n] the sum of the weights of each number."""
    return np.bincount(number, weight, n).astype(np.float64, copy=False)


def _ratio(total: Floats, count: Floats) -> Floats:
    """Return total/count; NaN where the count is 0."""
    ratio: Floats = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return ratio
