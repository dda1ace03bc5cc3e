"""A row a training step: rewards, spread, dead groups, lengths, and prompts that come again."""

from __future__ import annotations

import numpy as np

from rlcalc.groups.groups import EASY, FLAT, MIXED, Groups
from rlcalc.groups.pass_at_k import is_success
from rlcalc.groups.step_means import StepMeans, counted, ratio
from rlcalc.numerics.arrays import Flags, Ints
from rlcalc.result import Column


def step_rows(groups: Groups) -> dict[str, Column]:
    """Return a row a step, in the order of the steps.

    `spread` is the standard deviation inside the groups of the step,
    √( Σ (r_i − μ_g)² / Σ_g (G_g − 1) ). `dead_to_mixed` is the share of the repeated prompts that
    were dead at the last earlier step that had them, and are mixed now. Columns of prompts are None
    where the source does not tell them apart.
    """
    rollouts, scored, means = groups.rollouts, groups.rollouts.scored, StepMeans(groups)
    squares = means.sums(groups.for_all(scored.squares, 0.0))
    free = means.sums(np.maximum(groups.n_scored - 1, 0))
    status = groups.status
    columns = {
        **means.columns(),
        "spread": Column(np.sqrt(ratio(squares, free))),
        "dead_share": Column(means.of_groups(status >= EASY, status <= FLAT)),
        "pass_at_1": means.pass_at_1(),
    }
    if rollouts.length is not None:
        right = is_success(rollouts.reward, groups.success)
        wrong = ~right & ~np.isnan(rollouts.reward) & groups.tells_right
        known = ~np.isnan(rollouts.length)
        columns["length_right"] = Column(means.of_rollouts(rollouts.length, right & known))
        columns["length_wrong"] = Column(means.of_rollouts(rollouts.length, wrong & known))
    if rollouts.truncated is not None:
        every = np.ones(len(rollouts), bool)
        columns["truncated_share"] = Column(means.of_rollouts(rollouts.truncated, every))
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
    repeated = counted(step, again, n_steps)
    went = counted(step, again & was_dead & mixed, n_steps)
    return {
        "new_prompts": Column(counted(step, ~again, n_steps).astype(np.int64), "count"),
        "repeated_prompts": Column(repeated.astype(np.int64), "count"),
        "dead_to_mixed": Column(ratio(went, repeated)),
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
