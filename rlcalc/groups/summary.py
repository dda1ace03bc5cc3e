"""Summary of rollouts: facts about rewards, lengths, dead groups and noise, and a row a step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rlcalc.errors import InputError
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.groups import EASY, FLAT, HARD, MIXED, SINGLE, Groups, reward_multiplicities
from rlcalc.groups.majority_at_k import majority_at_k
from rlcalc.groups.max_at_k import max_at_k
from rlcalc.groups.mean_facts import Means
from rlcalc.groups.page import sections
from rlcalc.groups.pass_at_k import all_wrong_chance, is_success, pass_all_k, pass_at_k
from rlcalc.groups.reward_functions import function_facts
from rlcalc.groups.step_means import StepMeans
from rlcalc.numerics.arrays import Floats, Ints, value_counts
from rlcalc.numerics.intervals import CONFIDENCE, student_t
from rlcalc.numerics.moments import clustered_moments
from rlcalc.result import Column, Fact, Result
from rlcalc.rollouts import Rollouts


def summary(
    groups: Groups, how: Convention, facts: dict[str, Fact], precision: float | None = None
) -> Result:
    """Return one row a step, and the facts of all rollouts.

    Args:
        groups: the groups with their statuses.
        how: the estimator, for the shares of the gradient.
        facts: the facts to begin with.
        precision: the half width of the intervals that are wanted.
    """
    means = Means()
    facts = {
        **facts,
        **dead_facts(groups, means),
        **reward_facts(groups, means),
        **function_facts(groups),
        **length_facts(groups),
        **gradient_facts(groups, how),
        **noise_facts(groups.rollouts),
    }
    if precision is not None and means.errors:
        facts |= means.precision_facts(precision)
        facts["more_rollouts_a_prompt"] = more_rollouts(groups, facts["reward_se"], precision)
    columns = _by_step(groups)
    return Result(
        "group",
        "Rollouts",
        columns,
        facts,
        means.notes(),
        facts_first=True,
        sections=sections(groups, facts, columns),
    )


def dead_facts(groups: Groups, means: Means) -> dict[str, Fact]:
    """Return how many groups give no gradient, by status, and the expected share at other sizes."""
    n_mixed, by_status = int((groups.status == MIXED).sum()), groups.dead_by_status()
    dead = sum(by_status.values())
    several = n_mixed + dead
    share: dict[str, Fact] = {"dead_share": None}
    if several:
        chosen = groups.status <= FLAT
        is_dead = (groups.status[chosen] != MIXED).astype(np.float64)
        moments = clustered_moments(is_dead, np.ones(several), groups.rollouts.prompt[chosen])
        share = means.facts("dead_share", moments, within=(0, 1))
    facts: dict[str, Fact] = {
        "mixed": n_mixed,
        "dead": dead,
        **share,
        "dead_are": by_status if dead else {},
        "single": int((groups.status == SINGLE).sum()),
    }
    if several and groups.usual_size > 1:
        other_sizes = [2**power for power in range(1, 12) if 2**power <= 4 * groups.usual_size]
        for size, (expected, n) in dead_share_at_sizes(groups, other_sizes).items():
            facts[f"dead_at_{size}"] = expected
            if n < several:
                facts[f"dead_at_{size}_is_bound"] = True
            if 0 < n < several:
                facts[f"dead_at_{size}_groups"] = n
    return facts


def dead_share_at_sizes(groups: Groups, sizes: list[int]) -> dict[int, tuple[float, int]]:
    """Return the expected share of dead groups at other sizes, and how many groups are as large.

        Σ_v C(m_v, G) / C(n, G)     for G ≤ n, without bias
        1 if it is dead, else 0     for G > n: a bound, as more rollouts cannot make a group dead

    where m_v of the n rewards of a group have the value v. The mean over all groups of at least 2
    rewards. It does not rise with G, and is an upper bound where some groups have fewer than G.

    Args:
        groups: the groups with their statuses.
        sizes: the values of G.
    """
    n = groups.rollouts.scored.size
    group, times = reward_multiplicities(groups)
    # few different (m, n) occur, so each is worked out once
    width = int(n.max(initial=0)) + 1
    pair, counts = value_counts((times * width + n[group])[n[group] > 1])
    m, of = pair // width, pair % width
    several = int((n > 1).sum())
    shares = {}
    for size in sizes if several else []:
        chance = np.where(of >= size, all_wrong_chance(of, m, size), m == of)
        shares[size] = float((chance * counts).sum() / several), int((n >= size).sum())
    return shares


def reward_facts(groups: Groups, means: Means) -> dict[str, Fact]:
    """Return the mean reward and what k draws give, each with an error bar clustered by prompt.

    A reward counts once a rollout, pass@k and its likes once a group. Groups with fewer than k
    rewards have none; if there are such groups, a fact says how many others there are.
    """
    rollouts, scored = groups.rollouts, groups.rollouts.scored
    prompt = rollouts.prompt[groups.with_reward]
    facts: dict[str, Fact] = {"unscored": len(rollouts) - len(scored)}
    if not len(scored):
        return facts
    size = scored.size.astype(np.float64)
    moments = clustered_moments(scored.mean * size, size, prompt)
    facts |= means.facts("reward_mean", moments, stem="reward")
    facts |= {"reward_min": float(scored.reward.min()), "reward_max": float(scored.reward.max())}
    facts["success"] = f"reward >= {groups.success:g}"
    usual = groups.usual_size
    ks = [*(2**power for power in range(12) if 2**power < usual), usual]
    for name, values in draws_of_k(groups, ks).items():
        for k, value in zip(ks, values, strict=True):
            known = ~np.isnan(value)
            n = int(known.sum())
            if name != "max_at" and not groups.tells_right:
                facts[f"{name}_{k}"] = None
                continue
            if n:
                moments = clustered_moments(value[known], np.ones(n), prompt[known])
                within = None if name == "max_at" else (0, 1)
                facts |= means.facts(f"{name}_{k}", moments, within=within)
            elif name == "majority_at":
                facts[f"{name}_{k}"] = None
            if 0 < n < len(value) and name == "pass_at":
                facts[f"{name}_{k}_groups"] = n
    return facts


def more_rollouts(groups: Groups, error: Fact, precision: float) -> float | None:
    """Return how many more rollouts of each of the same prompts the mean reward needs.

        se² = (σ²_between + σ²_within / m) / P ≤ (h / t)²

    None where no number would do, as the prompts differ: then it takes more prompts.

    Args:
        groups: of rollouts with rewards.
        error: se, the standard error of the mean reward.
        precision: h, the half width of its interval.
    """
    rollouts, scored = groups.rollouts, groups.rollouts.scored
    n_prompts = len(np.unique(rollouts.prompt[groups.with_reward]))
    free = int((scored.size - 1).sum())
    if not isinstance(error, float) or n_prompts < 2 or free <= 0:
        return None
    m = len(scored) / n_prompts
    within = float((scored.centred**2).sum()) / free
    between = max(n_prompts * error**2 - within / m, 0.0)
    t = float(student_t(CONFIDENCE, np.array([n_prompts - 1]))[0])
    room = n_prompts * (precision / t) ** 2
    return max(math.ceil(within / (room - between) - m), 0) * 1.0 if room > between else None


def draws_of_k(groups: Groups, ks: list[int]) -> dict[str, Floats]:
    """Return [J, K] what k rollouts of each group with a reward give on average, by its name.

    pass@k: one is right. pass^k (`pass_all`): all are. maj@k: the most frequent answer is, NaN
    where answers are not known. max@k, where a reward is neither 0 nor 1: the highest of them.
    """
    rollouts, scored = groups.rollouts, groups.rollouts.scored
    right = groups.n_right[groups.with_reward]
    draws = {
        "pass_at": np.array([by_pairs(pass_at_k, scored.size, right, k) for k in ks]),
        "pass_all": np.array([by_pairs(pass_all_k, scored.size, right, k) for k in ks]),
    }
    answer = rollouts.response if rollouts.answer is None else rollouts.answer
    if answer is None:
        draws["majority_at"] = np.full((len(ks), len(scored.size)), np.nan)
    else:
        success = is_success(scored.reward, groups.success)
        draws["majority_at"] = majority_at_k(answer[scored.rollout], success, scored.start, ks)
    if ((scored.reward != 0) & (scored.reward != 1)).any():
        draws["max_at"] = max_at_k(scored.ascending, scored.start, ks)
    return draws


def by_pairs(
    chance_of: Callable[[Ints, Ints, int], Floats], size: Ints, right: Ints, k: int
) -> Floats:
    """Return [K] pass@k or pass^k: each pair of a size and a count once, where there are fewer."""
    width = int(size.max(initial=0)) + 1
    if width * width > len(size):
        return chance_of(size, right, k)
    every = chance_of(*np.divmod(np.arange(width * width), width), k)
    chance: Floats = every[size * width + right]
    return chance


def length_facts(groups: Groups) -> dict[str, Fact]:
    """Return the mean lengths of right and wrong rollouts, and the share that was truncated."""
    rollouts = groups.rollouts
    if rollouts.length is None and rollouts.truncated is None:
        return {}
    right = is_success(rollouts.reward, groups.success)
    wrong = ~right & ~np.isnan(rollouts.reward)
    facts: dict[str, Fact] = {}
    if not groups.tells_right:
        wrong = right
    if rollouts.length is not None and not np.isnan(rollouts.length).all():
        facts["length_mean"] = _mean(rollouts.length)
        facts["length_right"] = _mean(rollouts.length[right])
        facts["length_wrong"] = _mean(rollouts.length[wrong])
        facts["length_max"] = float(np.nanmax(rollouts.length))
        facts["length_unit"] = str(rollouts.facts.get("length_unit", "tokens"))
    if rollouts.truncated is not None:
        facts["truncated_share"] = _mean(rollouts.truncated)
        facts["truncated_of_wrong"] = _mean(rollouts.truncated[wrong])
    return facts


def _mean(values: Any) -> float | None:
    values = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    return float(values.mean()) if len(values) else None


def gradient_facts(groups: Groups, how: Convention) -> dict[str, Fact]:
    """Return the shares of the gradient that come from long and from wrong rollouts.

        token-mean: |A_i| L_i / Σ |A_j| L_j          sequence-mean: |A_i| / Σ |A_j|

    Args:
        groups: the groups with their statuses.
        how: the estimator of the advantages.
    """
    rollouts = groups.rollouts
    if rollouts.length is None or np.isnan(rollouts.length).all():
        return {}
    try:
        advantage = np.abs(advantages(rollouts, how))
    except InputError:
        return {}
    known = np.isfinite(advantage) & ~np.isnan(rollouts.length)
    length, advantage = rollouts.length[known], advantage[known]
    reward = rollouts.reward[known]
    long = in_longest_quarter(length)
    wrong = ~is_success(reward, groups.success)
    facts: dict[str, Fact] = {}
    for name, weight in (("token_mean", advantage * length), ("sequence_mean", advantage)):
        total = weight.sum()
        if total > 0:
            facts[f"{name}_share_of_longest_quarter"] = float((weight * long).sum() / total)
            if groups.tells_right:
                facts[f"{name}_share_of_wrong"] = float(weight[wrong].sum() / total)
    return facts


def in_longest_quarter(length: Floats) -> Floats:
    """Return [M] the part of each rollout that is in the longest quarter; ties share what is left.

    The parts add up to M/4: 1 above the length at the edge of the quarter, and 0 below it.
    """
    quarter = len(length) / 4
    if not len(length):
        return length
    edge = np.partition(length, -math.ceil(quarter))[-math.ceil(quarter)]
    above, tied = length > edge, length == edge
    return np.where(above, 1.0, tied * (quarter - above.sum()) / tied.sum())


def noise_facts(rollouts: Rollouts) -> dict[str, Fact]:
    """Return how often equal responses to one prompt have different rewards."""
    if rollouts.response is None:
        return {}
    scored = ~np.isnan(rollouts.reward)
    prompt = np.repeat(rollouts.prompt, rollouts.size)[scored]
    response, reward = rollouts.response[scored], rollouts.reward[scored]
    if not len(reward):
        return {}
    order = np.lexsort([reward, response, prompt])
    prompt, response, reward = prompt[order], response[order], reward[order]
    new = np.concatenate([[True], (np.diff(prompt) != 0) | (response[1:] != response[:-1])])
    edge = np.append(np.flatnonzero(new), len(new))
    several = np.diff(edge) > 1
    spread = reward[edge[1:] - 1] - reward[edge[:-1]]
    noisy = several & (spread > 0)
    return {
        "repeated_responses": int(several.sum()),
        "judged_differently": int(noisy.sum()),
        "judge_noise": float(spread[several].max()) if several.any() else None,
    }


def _by_step(groups: Groups) -> dict[str, Column]:
    """Return a row a step, whose numbers are the facts of that step alone."""
    rollouts, means = groups.rollouts, StepMeans(groups)
    status = groups.status
    several = status <= FLAT
    columns = {
        **means.columns(),
        "pass_at_1": means.pass_at_1(),
        "dead_share": Column(means.of_groups(status >= EASY, several)),
        "too_easy_share": Column(means.of_groups(status == EASY, several)),
        "too_hard_share": Column(means.of_groups(status == HARD, several)),
    }
    edges = rollouts.start[rollouts.batch]
    if rollouts.length is not None:
        columns["length"] = Column(mean_length(rollouts, edges))
    if rollouts.truncated is not None:
        cut = np.add.reduceat(rollouts.truncated.astype(np.float64), edges[:-1])
        columns["truncated_share"] = Column(cut / np.diff(edges))
    return columns


def mean_length(rollouts: Rollouts, edge: Ints) -> Floats:
    """Return the mean length of the rollouts edge[i] : edge[i + 1]; NaN where none is known."""
    assert rollouts.length is not None
    known = ~np.isnan(rollouts.length)
    total = np.add.reduceat(np.where(known, rollouts.length, 0.0), edge[:-1])
    count = np.add.reduceat(known.astype(np.float64), edge[:-1])
    mean: Floats = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return mean
