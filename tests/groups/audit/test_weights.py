"""Weights of several reward functions are solved for from a trainer's advantages."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.fitting import Comparison
from rlcalc.groups.audit.weights import solve_weights
from rlcalc.groups.groups import Groups
from rlcalc.rollouts import Rollouts


def rollouts(seed: int, n_functions: int, weights: list[float] | None = None) -> Rollouts:
    """10 groups of 6, each function continuous."""
    rng = np.random.default_rng(seed)
    names = "abc"[:n_functions]
    return Rollouts.from_arrays(
        np.repeat(np.arange(10), 6),
        {name: rng.random(60).round(3) for name in names},
        weights=None if weights is None else dict(zip(names, weights, strict=True)),
    )


def test_weights_on_paper() -> None:
    """Of (a, b) = (1, 0), (0, 1), (0, 0) the sums 4 a + 5 b minus their mean 3 are 1, 2 and −3."""
    held = Rollouts.from_arrays(
        [0] * 3, {"a": [1.0, 0, 0], "b": [0.0, 1, 0]}, advantage=[1.0, 2.0, -3.0]
    )

    np.testing.assert_allclose(solve_weights(Comparison(Groups(held))), [0.8, 1.0])


@given(
    st.integers(0, 2**32),
    st.lists(st.sampled_from([1.0, 0.2, 0.5, -0.5, 2.0, 0.05]), min_size=2, max_size=3),
    st.sampled_from(
        [Convention("grpo", 1e-4), Convention("dr-grpo"), Convention("rloo"), Convention("maxrl")]
    ),
)
def test_any_weights_are_found_up_to_what_divides(
    seed: int, weights: list[float], how: Convention
) -> None:
    """By another route: least squares of A times its own divisor."""
    known = rollouts(seed, len(weights), weights)
    theirs = advantages(known, how)
    by_group = np.abs(theirs).reshape(10, 6).max(axis=1) > 0
    if how.estimator == "maxrl" and not (known.scored.mean > 0).all():
        return
    assert by_group.all()
    unknown = replace(rollouts(seed, len(weights)), advantage=theirs)
    solved = solve_weights(Comparison(Groups(unknown)))
    centred = [c - np.repeat(c.reshape(10, 6).mean(axis=1), 6) for c in known.rewards.values()]
    times = np.repeat(known.scored.centred.reshape(10, 6).std(axis=1), 6) / np.repeat(
        theirs.reshape(10, 6).std(axis=1), 6
    )
    regressed = np.linalg.lstsq(np.transpose(centred), theirs * times, rcond=None)[0]

    assert solved is not None
    np.testing.assert_allclose(solved, weights / np.abs(weights).max(), atol=1e-6)
    np.testing.assert_allclose(solved, regressed / np.abs(regressed).max(), atol=1e-6)


@pytest.mark.parametrize(
    ("how", "weights", "expected"),
    [
        (Convention("grpo", 1e-4), [2.5, 1.0], "a 2.5, b 1"),
        (Convention("grpo", 1e-4), [3.5, 2.5], "a 3.5, b 2.5"),
        (Convention("grpo", 1e-4), [0.2, 1.0], "a 0.2, b 1"),
        (Convention("dr-grpo"), [2.5, 1.0], "a 2.5, b 1"),
    ],
)
def test_an_audit_names_the_weights_and_how_to_repeat_them(
    how: Convention, weights: list[float], expected: str
) -> None:
    theirs = advantages(rollouts(3, 2, weights), how).astype(np.float32).astype(float)
    result = rlcalc.audit(replace(rollouts(3, 2), advantage=theirs))
    numbers = ",".join(word.split()[1] for word in expected.split(", "))

    assert result.facts["weights"] == expected
    assert result.facts["reproduced_by"] == how.description()
    assert f"--reward a,b --weights {numbers}" in " ".join(result.notes)
    assert len(result) == 0


def test_the_scale_of_rloo_cannot_be_seen_in_groups_of_one_size() -> None:
    """5/6 of the weights, and r − μ, give the same numbers: the plainer is named."""
    theirs = advantages(rollouts(3, 2, [2.5, 1.0]), Convention("rloo"))
    result = rlcalc.audit(replace(rollouts(3, 2), advantage=theirs))

    assert (result.facts["reproduced_by"], result.facts["weights"]) == ("dr-grpo", "a 3, b 1.2")
    assert len(result) == 0


def test_weights_are_not_solved_for_where_they_are_right_or_explain_nothing() -> None:
    right = advantages(rollouts(3, 2), Convention())
    strange = np.random.default_rng(1).normal(size=60)
    for theirs in (right, strange):
        assert rlcalc.audit(replace(rollouts(3, 2), advantage=theirs)).facts["weights"] is None
