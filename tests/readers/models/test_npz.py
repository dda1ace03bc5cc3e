"""Arrays of numpy become the model that they say, and arrays that do not fit are refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError
from rlcalc.mdp import MDP
from rlcalc.readers.models.npz import model_of_npz_arrays, read
from rlcalc.readers.sources import opened
from tests.solvers.models import dense

TRANSITION = np.array([[[0.5, 0.5], [0, 1]], [[0, 1], [0, 0]]])
"""Action 1 is not available in state 1."""

ROWS = (np.array([0.5, 0.5, 1, 1]), np.array([0, 1, 1, 1]), np.array([0, 2, 3, 4, 4]))
"""The same as TRANSITION, in compressed rows."""


def loaded(path: Path, **arrays: Any) -> MDP:
    np.savez(path, **arrays)
    with opened(str(path), None) as file:
        return read(file)


@pytest.mark.parametrize("transition", [TRANSITION, ROWS], ids=["dense", "rows"])
@pytest.mark.parametrize(
    ("reward", "expected"),
    [
        ([3.0, 4.0], [3, 3, 4]),
        ([[1.0, 2.0], [3.0, 9.0]], [1, 2, 3]),
        ([[[2.0, 4.0], [9.0, 3.0]], [[9.0, 7.0], [9.0, 9.0]]], [3, 7, 3]),
    ],
    ids=["R[s]", "R[s, a]", "R[a, s, s']"],
)
def test_each_shape_of_rewards_is_read_by_its_meaning(
    transition: Any, reward: Any, expected: list[float]
) -> None:
    """The pairs are (0, 0), (0, 1) and (1, 0); what is 9 belongs to none of them."""
    mdp = model_of_npz_arrays(transition, np.array(reward))

    assert mdp.pair_start.tolist() == [0, 2, 3]
    assert mdp.action.tolist() == [0, 1, 0]
    assert dense(mdp)[1].tolist() == expected


def test_a_reward_for_each_outcome_follows_its_outcome() -> None:
    """Rows come by action, pairs by state: the third entry belongs to the last pair."""
    mdp = model_of_npz_arrays(ROWS, np.array([1.0, 2.0, 3.0, 4.0]), where="here")

    assert mdp.reward.tolist() == [1, 2, 4, 3]


@given(st.integers(1, 3), st.integers(1, 3), st.data())
def test_dense_arrays_come_back_from_the_model(n: int, m: int, data: st.DataObject) -> None:
    to = data.draw(st.lists(st.integers(0, n - 1), min_size=m * n, max_size=m * n))
    gains = data.draw(st.lists(st.integers(-9, 9), min_size=m * n, max_size=m * n))
    transition = np.eye(n)[to].reshape(m, n, n)
    reward = np.array(gains, dtype=np.float64).reshape(n, m)
    mdp = model_of_npz_arrays(transition, reward)
    p, r = dense(mdp)

    np.testing.assert_array_equal(p.reshape(n, m, n), transition.transpose(1, 0, 2))
    np.testing.assert_array_equal(r.reshape(n, m), reward)


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ((ROWS[0], ROWS[1] - 1, ROWS[2]), "are not compressed rows"),
        ((ROWS[0], ROWS[1], np.array([0, 3, 2, 4, 4])), "are not compressed rows"),
        ((ROWS[0], ROWS[1] * 1.0, ROWS[2]), "are not compressed rows"),
        ((ROWS[0], ROWS[1], np.array([0, 2, 3, 3, 3])), "leads from 0 to 3, there are 4 P_data"),
        ((ROWS[0], ROWS[1], np.array([0, 2, 3, 4])), "3 rows of P are not a multiple of 2 states"),
    ],
)
def test_compressed_rows_that_do_not_fit_are_refused(rows: Any, what: str) -> None:
    with pytest.raises(InputError) as error:
        model_of_npz_arrays(rows, np.zeros((2, 2)), where="model.npz")

    assert what in error.value.faults[0].what
    assert error.value.faults[0].where == "model.npz"


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"gamma": np.array(1.5)}, "gamma is 1.5, expected a number 0..1"),
        ({"gamma": np.array([0.5, 0.9])}, "gamma is 0.5 and 0.9"),
        ({"start": np.array([0.5, 0.4])}, "start has the shape (2,) and the sum 0.9"),
        ({"start": np.array([1.5, -0.5])}, "start has the shape (2,)"),
        ({"start": np.array([1.0])}, "start has the shape (1,)"),
        ({"P_data": ROWS[0]}, "P stands there dense and in compressed rows"),
    ],
)
def test_what_stands_beside_the_arrays_is_checked(
    more: dict[str, Any], what: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as error:
        loaded(tmp_path / "model.npz", P=TRANSITION, R=np.zeros(2), **more)

    assert what in error.value.faults[0].what
    assert "model.npz" in error.value.faults[0].where


def test_compressed_rows_in_a_file_are_the_model_of_dense_arrays(tmp_path: Path) -> None:
    names = dict(zip(("P_data", "P_indices", "P_indptr"), ROWS, strict=True))
    mdp = loaded(tmp_path / "rows.npz", **names, R=np.array([[1.0, 2], [3, 9]]), gamma=0.5)
    other = loaded(tmp_path / "dense.npz", T=TRANSITION, rewards=np.array([[1.0, 2], [3, 9]]))

    assert (mdp.gamma, other.gamma) == (0.5, None)
    for one, two in zip(dense(mdp), dense(other), strict=True):
        np.testing.assert_array_equal(one, two)
