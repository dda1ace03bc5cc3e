"""V after the first n trajectories: an estimate of these alone."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError, UsageError
from rlcalc.estimators.convergence import checkpoints, cut_at_checkpoints
from tests import reference
from tests.cases.program import as_json
from tests.strategies import batches, gammas


def test_checkpoints_rise_by_the_root_of_two() -> None:
    assert list(islice(checkpoints(), 10)) == [1, 2, 3, 4, 6, 8, 11, 16, 23, 32]


@given(batches(), gammas, st.sampled_from(["first", "every"]))
def test_a_row_is_the_estimate_of_the_first_trajectories(
    trajectories: list[reference.Trajectory], gamma: float, visit: str
) -> None:
    result = rlcalc.estimate(
        reference.arrays(trajectories),
        gamma=gamma,
        visit=visit,  # type: ignore[arg-type]
        rows="convergence",
    )
    number = result["trajectories"]
    marks = {n for n in islice(checkpoints(), 15) if n <= len(trajectories)}

    assert set(number.tolist()) == marks | {len(trajectories)}
    for n in set(number.tolist()):
        alone = rlcalc.estimate(
            reference.arrays(trajectories[:n]),
            gamma=gamma,
            visit=visit,  # type: ignore[arg-type]
            of="v",
        )
        rows = number == n
        assert result["state"][rows].tolist() == alone["state"].tolist()
        assert result["n"][rows].tolist() == alone["v_n"].tolist()
        for name in ("v", "v_se"):
            np.testing.assert_allclose(result[name][rows], alone[name], rtol=1e-9, atol=1e-6)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=10))
def test_cutting_keeps_every_trajectory_and_ends_parts_at_checkpoints(sizes: list[int]) -> None:
    pieces = [
        rlcalc.Trajectories.from_arrays(["s"] * n, ["a"] * n, np.arange(n), length=[1] * n)
        for n in sizes
    ]
    parts = list(cut_at_checkpoints(pieces))
    ends = np.cumsum([len(part) for part in parts]).tolist()
    marks = [n for n in islice(checkpoints(), 20) if n <= sum(sizes)]

    assert all(len(part) for part in parts)
    assert set(marks) <= set(ends)
    np.testing.assert_array_equal(
        np.concatenate([part.reward for part in parts]),
        np.concatenate([piece.reward for piece in pieces]),
    )


def test_the_error_converges_to_the_exact_value() -> None:
    answer = as_json(
        "estimate", "student", "-n", "4096", "--seed", "1", "--rows", "convergence"
    )  # fmt: skip
    last = [row for row in answer.rows if row["trajectories"] == 4096]

    assert all(abs(row["v"] - row["v_exact"]) < 4 * row["v_se"] for row in last)
    assert {row["state"] for row in last} == {"facebook", "class1", "class2", "class3"}


def test_the_facts_are_those_of_the_estimate() -> None:
    estimate = rlcalc.estimate("two-states")
    result = rlcalc.estimate("two-states", rows="convergence")

    for name in ("trajectories", "steps", "states", "pairs", "start_value", "gamma", "method"):
        assert result.facts[name] == pytest.approx(estimate.facts[name])


@pytest.mark.parametrize("how", [{"of": "q"}, {"method": "ce"}, {"compare": "mc,ce"}])
def test_it_follows_v_of_monte_carlo_alone(how: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="convergence follows V"):
        rlcalc.estimate("two-states", rows="convergence", **how)  # type: ignore[arg-type]


def test_without_a_step_there_is_nothing_to_estimate() -> None:
    trajectories = rlcalc.Trajectories.from_arrays(["s"], ["a"], [1.0], truncated=[True])

    with pytest.raises(InputError, match="no step is left"):
        rlcalc.estimate(trajectories, rows="convergence", truncated="drop")
