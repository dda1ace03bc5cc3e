"""Arrays of QuantEcon, scipy and others become the model that they are in their own words."""

from typing import Any

import numpy as np
import pytest

import rlcalc
from rlcalc.errors import InputError

REWARD = np.array([[5.0, 10.0], [-1.0, -np.inf]])
TRANSITION = np.array([[[0.5, 0.5], [0, 1]], [[0, 1], [0.5, 0.5]]])
PAIRS = {"R": np.array([5.0, 10, -1]), "Q": TRANSITION.reshape(4, 2)[:3],
         "s_indices": np.array([0, 0, 1]), "a_indices": np.array([0, 1, 0])}  # fmt: skip


@pytest.mark.parametrize(
    "arrays", [{"R": REWARD, "Q": TRANSITION}, PAIRS], ids=["product", "pairs"]
)
def test_the_example_of_quantecon_has_its_known_answer(arrays: dict[str, Any]) -> None:
    """Puterman's example, β = 0.95: V = (−60/7, −20), as QuantEcon's own tests say."""
    result = rlcalc.solve({**arrays, "beta": 0.95})

    assert result.facts["gamma"] == 0.95
    np.testing.assert_allclose(result["v"], [-60 / 7, -60 / 7, -20])


def test_without_an_axis_of_actions_it_is_a_reward_process() -> None:
    """V(0) = 1 + V(0)/4, V(1) = 0 with γ = 1/2."""
    chain = np.array([[0.5, 0.5], [0, 1]])
    result = rlcalc.solve({"P": chain, "R": np.array([1.0, 0])}, gamma=0.5)

    np.testing.assert_allclose(result["v"], [4 / 3, 0])
    by_next = rlcalc.load_model({"P": chain, "R": np.array([[1, 3], [0, 2]])})

    assert by_next.reward.tolist() == [1, 3, 2]


def test_the_order_of_axes_is_never_guessed_in_silence() -> None:
    rng = np.random.default_rng(1)
    square, long = rng.dirichlet(np.ones(3), (3, 3)), rng.dirichlet(np.ones(3), (3, 2))
    reward = rng.normal(size=(3, 3))
    either = rlcalc.load_model({"P": square, "R": reward})
    first = rlcalc.load_model({"P": square, "R": reward, "layout": "a,s,s'"})
    second = rlcalc.load_model({"P": square, "R": reward, "layout": "sas"})

    assert "read as P[a, s, s']" in either.notes[0]
    assert not first.notes
    assert not second.notes
    np.testing.assert_array_equal(either.probability, first.probability)
    np.testing.assert_array_equal(second.probability, square.ravel())
    model = rlcalc.load_model({"P": long, "R": reward[:, :2]})
    assert "read as P[s, a, s']" in model.notes[0]
    np.testing.assert_array_equal(model.probability, long.ravel())


def test_a_sparse_matrix_of_scipy_is_read_beside_rewards(tmp_path: Any) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    rows = sparse.csr_array(np.vstack([np.eye(2), [[0, 1], [1, 0]]]))
    model = rlcalc.load_model({"P": rows, "R": np.ones((2, 2))})

    assert model.next_state.tolist() == [0, 1, 1, 0]
    each = {"P": [sparse.csr_array(np.eye(2)), sparse.coo_array([[0, 1], [1, 0]])]}
    same = rlcalc.load_model({**each, "R": np.ones((2, 2))})
    assert same.next_state.tolist() == [0, 1, 1, 0]
    sparse.save_npz(tmp_path / "P.npz", rows)
    with pytest.raises(InputError, match="without rewards") as caught:
        rlcalc.solve(tmp_path / "P.npz")
    assert "P_data=P.data" in caught.value.faults[0].fix


@pytest.mark.parametrize(
    ("arrays", "what"),
    [
        ({"R": REWARD, "Q": TRANSITION[:1]}, "expected R[s, a] and Q[s, a, s']"),
        ({"R": REWARD, "Q": TRANSITION * 0.9}, "Q[0, 0, 0]"),
        (PAIRS | {"s_indices": np.array([0, 0, 2])}, "states are numbers from 0 to 1"),
        (PAIRS | {"a_indices": np.array([0, 0, 0])}, "comes twice"),
        (PAIRS | {"a_indices": np.array([0, 1.5, 0])}, "whole numbers"),
        ({k: v for k, v in PAIRS.items() if k != "a_indices"}, "there is no a_indices"),
        ({"R": np.array([["a"]]), "Q": TRANSITION}, "expected numbers"),
        ({"P": TRANSITION, "R": REWARD, "layout": "xyz"}, "layout is xyz"),
        ({"P": np.ones((2, 3, 4)), "R": np.ones(2)}, "expected (A, S, S)"),
    ],
)
def test_arrays_that_do_not_fit_get_one_clear_error(arrays: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError) as caught:
        rlcalc.load_model(arrays)
    assert what in str(caught.value)
    assert caught.value.faults[0].fix
