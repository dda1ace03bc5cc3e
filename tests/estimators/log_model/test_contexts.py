from collections import Counter

import numpy as np
from hypothesis import given

import rlcalc
from rlcalc import Experience, Trajectories
from rlcalc.estimators.log_model import contexts
from rlcalc.estimators.log_model.contexts import Contexts, contexts_of, later_half
from rlcalc.estimators.log_model.log_model import LogModel
from rlcalc.estimators.passes import Passes
from rlcalc.estimators.transitions import CountedTransitions
from tests import reference
from tests.strategies import batches


def log_model(batch: Trajectories) -> LogModel:
    passes = Passes(Experience.of(batch), None)
    return LogModel.of(CountedTransitions.of(passes, 0.9, "keep", map), map)


@given(batches())
def test_counts_are_those_of_plain_lists(trajectories: list[reference.Trajectory]) -> None:
    batch = reference.arrays(trajectories)
    previous, time, by_reward = contexts_of(log_model(batch), map)
    names = [*batch.states.texts, None]
    before: Counter[tuple[object, ...]] = Counter()
    times: Counter[tuple[object, ...]] = Counter()
    for steps in trajectories:
        for t, (s, a, r) in enumerate(steps):
            after = steps[t + 1][0] if t + 1 < len(steps) else None
            before[s, a, after, steps[t - 1][0] if t else None, r + 0.0] += 1
            times[s, a, after, int(np.log2(t + 1))] += 1
    rows = zip(*previous.codes[:4], previous.mean, previous.count, strict=True)
    actions = batch.actions.texts
    if by_reward:
        assert {
            (names[s], actions[a], names[x], names[p], r): n for s, a, x, p, r, n in rows
        } == before
    else:
        assert not log_model(batch).outcomes.squares.any()
    rows = zip(*time.codes, time.count, strict=True)
    assert {(names[s], actions[a], names[x], t): n for s, a, x, t, n in rows} == times


def test_too_many_rewards_are_not_told_apart() -> None:
    """In one piece and so in all of them: the counts with and without rewards then merge."""
    rng = np.random.default_rng(0)
    many = Trajectories.from_arrays(["a"] * 300, ["x"] * 300, rng.normal(size=300))
    few = Trajectories.from_arrays(["a"] * 300, ["x"] * 300, np.ones(300))
    one, two = (
        contexts.count_contexts((0, batch), log_model(batch).counted, certain=False)
        for batch in (many, few)
    )
    both: Contexts = one.merge(two)

    assert (one.with_rewards, two.with_rewards, both.with_rewards) == (False, True, False)
    assert both.previous.total.count.sum() == 600
    assert two.without_rewards().previous.total.mean.tolist() == [1.0, 1.0, 1.0]


def test_the_later_half_by_hand() -> None:
    """Group 0 has 1, 2 and 3 steps at the times 0, 4 and 5: from 5 on there are 3 of 6."""
    group, time = np.array([0, 0, 0, 1]), np.array([0, 4, 5, 2])

    assert later_half(group, time, np.array([1, 2, 3, 9])).tolist() == [5, contexts.NEVER]


def test_minus_zero_is_zero() -> None:
    batch = Trajectories.from_arrays(["a"] * 4, ["x"] * 4, [0.0, -0.0, 0.0, -0.0], length=[1] * 4)
    previous, _, _ = contexts_of(log_model(batch), map)

    assert previous.count.tolist() == [4]
    assert rlcalc.model(batch, rows="markov", gamma=0.9).facts["p_reward"] is None
