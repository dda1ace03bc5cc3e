"""--as TRAINER is what that trainer's code computes: held against plain loops, on hard batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import UsageError
from rlcalc.groups.advantages import ESTIMATORS
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.request import ConventionRequest
from rlcalc.groups.advantages.trainers import OURS, TRAINERS, convention_of
from rlcalc.rollouts import Rollouts
from tests.groups.advantages.loops import LOOPS, Batch, batch_scaled

PAIRS = [(trainer, name) for trainer, known in TRAINERS.items() for name in known]
rewards = st.sampled_from([0.0, 1.0, 0.1, 0.7, -0.5, 0.25, 1 / 3, 2.0])
functions = st.none() | rewards


@st.composite
def hard_batches(draw: st.DrawFn) -> Batch:
    """Ties, constant groups, groups of one, missing rewards and two reward functions."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=2, max_size=6))
    parts: list[list[list[float | None]]] = [[], []]
    for size in sizes:
        for part in parts:
            constant = draw(st.booleans())
            one = draw(functions)
            part.append([one if constant else draw(functions) for _ in range(size)])
    groups = [
        [total(one, two) for one, two in zip(a, b, strict=True)]
        for a, b in zip(*parts, strict=True)
    ]
    lengths = [[draw(st.integers(1, 9)) for _ in range(size)] for size in sizes]
    return Batch(groups, lengths, parts)


def total(one: float | None, two: float | None) -> float | None:
    """What TRL sums: None only where every function gave None."""
    return None if one is None and two is None else (one or 0.0) + (two or 0.0)


def rollouts_of(batch: Batch) -> Rollouts:
    def flat(part: list[list[float | None]]) -> list[float]:
        return [np.nan if r is None else r for group in part for r in group]

    return Rollouts.from_arrays(
        np.repeat(np.arange(len(batch.groups)), [len(group) for group in batch.groups]),
        {f"f{number}": flat(part) for number, part in enumerate(batch.parts)},
        length=[float(n) for group in batch.lengths for n in group],
    )


def test_every_pair_has_a_loop() -> None:
    """ReMax needs a greedy answer, and is r − b in the only trainer that has it."""
    without = {("verl", "remax")}
    assert set(PAIRS) - without == {(t, name) for t, known in LOOPS.items() for name in known}


@pytest.mark.parametrize(("trainer", "name"), [pair for pair in PAIRS if pair[1] != "remax"])
@given(batch=hard_batches())
def test_each_trainer_is_its_loop(trainer: str, name: str, batch: Batch) -> None:
    mine = advantages(rollouts_of(batch), convention_of(name, trainer))
    theirs = [a for group in LOOPS[trainer][name](batch) for a in group]

    np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9)


@given(hard_batches())
def test_the_batch_can_scale(batch: Batch) -> None:
    how = ConventionRequest(scale="batch").changed(convention_of("grpo", "trl"))
    mine = advantages(rollouts_of(batch), how)
    theirs = [0.0 if np.isnan(a) else a for group in batch_scaled(batch) for a in group]

    np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9)


WORKED = {  # 3 right of 8: what a right and a wrong one get
    ("trl", "grpo"): (1.20738, -0.72443),
    ("verl", "grpo"): (1.20761, -0.72457),
    ("openrlhf", "grpo"): (1.20761, -0.72457),
    ("rllm", "grpo"): (1.29099, -0.77460),
    ("nemo-rl", "grpo"): (1.46385, -0.80178),
    ("tinker", "dr-grpo"): (0.625, -0.375),
    ("trl", "rloo"): (5 / 7, -3 / 7),
    ("prime-rl", "maxrl"): (5 / 3, -1.0),
}


@pytest.mark.parametrize(("trainer", "name"), WORKED)
def test_three_right_of_eight(trainer: str, name: str) -> None:
    three_of_eight = Rollouts.from_arrays([0] * 8, [1, 1, 1, 0, 0, 0, 0, 0])
    found = advantages(three_of_eight, convention_of(name, trainer))

    np.testing.assert_allclose(found[[0, -1]], WORKED[trainer, name], atol=6e-6)


def test_what_trainers_do_with_a_group_of_one() -> None:
    alone = Rollouts.from_arrays(["a", "b", "b"], [0.5, 0.0, 1.0])
    found = {name: advantages(alone, convention_of("grpo", name))[0] for name in TRAINERS if
             "grpo" in TRAINERS[name]}  # fmt: skip

    assert found["verl"] == found["skyrl"] == found["rllm"] == 0.5 / (1 + 1e-6)
    assert found["trl"] == found["ms-swift"] == found["nemo-rl"] == found["art"] == 0
    assert np.isnan(found["openrlhf"])
    assert np.isnan(found["slime"])


def test_unscored_rewards() -> None:
    """TRL forces 0 on them, ms-swift counts them as 0, and rlcalc leaves them out."""
    rollouts = Rollouts.from_arrays([0] * 3, [1.0, 0.0, np.nan])

    assert advantages(rollouts, convention_of("dr-grpo", None)).tolist()[:2] == [0.5, -0.5]
    assert np.isnan(advantages(rollouts, convention_of("dr-grpo", None))[2])
    assert advantages(rollouts, convention_of("dr-grpo", "trl")).tolist() == [0.5, -0.5, 0]
    assert advantages(rollouts, convention_of("reinforce", None))[0] == 1
    np.testing.assert_allclose(
        advantages(rollouts, convention_of("dr-grpo", "ms-swift")), [2 / 3, -1 / 3, -1 / 3]
    )


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no estimator") as error:
        convention_of("rlo", None)
    assert "rloo" in str(error.value)
    with pytest.raises(UsageError, match="no trainer") as error:
        convention_of(None, "verll")
    assert "verl" in str(error.value)
    with pytest.raises(UsageError, match="trl has no estimator opo"):
        convention_of("opo", "trl")


def test_every_estimator_has_a_convention_of_ours() -> None:
    for name in ESTIMATORS:
        assert convention_of(name, None).estimator == name
    assert set(OURS) <= set(ESTIMATORS)
