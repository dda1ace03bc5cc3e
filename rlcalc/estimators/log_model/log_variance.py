"""The split of the variance of the gain in a log, with errors by the influence of trajectories."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from rlcalc.errors import InputError
from rlcalc.estimators.certainty_equivalence import NO_SPREAD
from rlcalc.estimators.log_model.log_model import LogModel
from rlcalc.estimators.log_model.variance_split import (
    PARTS,
    Randomness,
    VarianceSplit,
    split_variance,
)
from rlcalc.estimators.request import Tools
from rlcalc.estimators.transitions import START
from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.numerics.arrays import Floats, segment_sums
from rlcalc.result import Fact
from rlcalc.trajectories import Trajectories

NAMES = ("variance_of_gain", *(f"variance_{part}" for part in PARTS), "start_value")


def facts_and_notes(model: LogModel, tools: Tools) -> tuple[dict[str, Fact], list[str]]:
    """Return the start value and the split of the variance with their errors; or why not."""
    counted = model.counted
    try:
        counted.model.require_values(counted.gamma, counted.passes.experience.states)
    except InputError as refused:
        fault = refused.faults[0]
        return {}, [f"the variance of the gain is left out: {fault.what}; {fault.fix}"]
    world = _randomness(model)
    chain = world.model.induced_by(world.policy)
    value = tools.system(chain, world.gamma, chain.reward[:, None], False)[:, 0]
    split = split_variance(world, value, chain, tools.system)
    errors = _errors(model, world, split, chain, tools)
    values = {**dict(split.facts()), "start_value": split.start_value}
    facts: dict[str, Fact] = {}
    for name, error in zip(NAMES, errors.tolist(), strict=True):
        facts |= {name: values[name], f"{name}_se": error if np.isfinite(error) else None}
    return facts, []


def _randomness(model: LogModel) -> Randomness:
    steps, counted = model.outcomes, model.counted.model
    return Randomness(
        model=model.expected,
        reward=steps.mean,
        variance=steps.squares / steps.count,
        policy=counted.policy,
        start=np.append(counted.start, 0.0),
        gamma=model.counted.gamma,
    )


@dataclass(frozen=True)
class StepWeights:
    """What the steps of a state add to the influence of their trajectories."""

    visits: Floats  # [S] d(s) / N(s)
    lever: Floats  # [S, 4] h(s) / N(s), of the policy, the environment, the start and its value


def _errors(
    model: LogModel, world: Randomness, split: VarianceSplit, chain: ExpectedMDP, tools: Tools
) -> Floats:
    """Return [5] the standard errors of the numbers in `NAMES`.

    Each is a function of the counts; to the first order trajectory e moves it by the sum over its
    steps of (with y = r + γV(s'), d(s) = Σ_t γ^{2t} P(s_t = s), N(s) steps in s)

        policy        d/N [A² + γ² W(s') − W(s) + 2 A (y − Q)] + h (y − V)/N      + (W(s_0) − W̄)/E
        environment   d/N [(y − Q)² + γ² X(s') − X(s)] + h (y − V)/N              + (X(s_0) − X̄)/E
        start         h (y − V)/N                         + ((V(s_0) − J)² − Var V(s_0))/E
        start value   h (y − V)/N                                                 + (V(s_0) − J)/E

    W and X are the policy's and the environment's variance that follows from a state, and h is
    the derivative by V, through (I − γP)⁻¹. The error is √(E/(E−1) Σ_e IF_e²): the jackknife over
    trajectories, to the first order.

    Source: Efron (1982), The Jackknife, the Bootstrap and Other Resampling Plans, chapter 6.
    """
    start, gamma, mdp = world.start, world.gamma, world.model
    visits = tools.adjoint(chain, gamma**2, start[:, None])[:, 0]
    pair = np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))
    of_pair = visits[mdp.pair_state] * world.policy
    target = world.reward + gamma * split.value[mdp.next_state]
    n = mdp.n_states
    through_policy = np.bincount(
        mdp.next_state,
        (of_pair * 2 * split.advantage)[pair] * gamma * mdp.probability,
        n,
    )
    through_world = np.bincount(
        mdp.next_state,
        of_pair[pair] * 2 * (target - split.action_value[pair]) * gamma * mdp.probability,
        n,
    )
    through_start = 2 * start * (split.value - split.start_value)
    slopes = np.stack([through_policy, through_world, through_start, start], axis=1)
    count = np.append(model.counted.model.state_count, 1)
    weights = StepWeights(
        visits=visits / count,
        lever=tools.adjoint(chain, gamma, slopes) / count[:, None],
    )
    key, _, starts = model.counted.summary.transitions.total
    total = int(starts[key == START].sum())
    work = partial(_influence_squares, model=model, split=split, weights=weights, total=total)
    squares = sum(tools.engine(work, model.counted.passes.pieces()), np.zeros(5))
    error = np.sqrt(squares * total / (total - 1)) if total > 1 else squares * np.nan
    size = np.append(np.full(4, split.parts.sum()), np.abs(split.value).max())
    return np.where(error <= NO_SPREAD * size, 0.0, error)


@np.errstate(over="ignore", invalid="ignore")
def _influence_squares(
    piece: Trajectories, model: LogModel, split: VarianceSplit, weights: StepWeights, total: int
) -> Floats:
    """Return [5] Σ_e IF_e² of the numbers in `NAMES` over the trajectories of a piece.

    Rewards above 1e75 have no such squares in floats: their errors are then not known.
    """
    counted = model.counted
    steps = counted.known_steps(piece)
    batch, gamma = steps.trajectories, counted.gamma
    state = counted.model.number_of(batch.state)
    following = counted.model.number_of(steps.next_state)
    pair = counted.model.pair_of(batch.state, batch.action)
    target = batch.reward + gamma * split.value[following]
    gap, ahead = target - split.action_value[pair], split.ahead
    advantage, visits = split.advantage[pair], weights.visits[state]
    moved = weights.lever[state] * (target - split.value[state])[:, None]
    later = gamma**2 * ahead[following] - ahead[state]
    moved[:, 0] += visits * (advantage**2 + later[:, 0] + 2 * advantage * gap)
    moved[:, 1] += visits * (gap**2 + later[:, 1])
    of_trajectory = np.stack([segment_sums(part, batch.start) for part in moved.T], axis=1)
    first = state[batch.start[:-1]]
    apart = split.value[first] - split.start_value
    of_start = np.stack([*(ahead[first] - split.parts[:2]).T, apart**2 - split.parts[2], apart])
    of_trajectory += of_start.T / total
    whole = of_trajectory[:, :3].sum(axis=1)
    return np.append(whole @ whole, np.square(of_trajectory).sum(axis=0))
