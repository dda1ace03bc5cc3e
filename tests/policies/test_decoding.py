import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc import Policy
from rlcalc.errors import InputError, ShapeError
from rlcalc.policies.decoding import apply_decoders, temperature, top_k, top_p
from tests.solvers.models import mdp_of

policies = st.lists(
    st.lists(st.integers(1, 9), min_size=1, max_size=6), min_size=1, max_size=4
).map(lambda rows: [np.array(row) / sum(row) for row in rows])


def flat(rows: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate(rows), np.cumsum([0, *map(len, rows)])[:-1]


def test_three_actions_by_hand() -> None:
    weight, first = np.array([0.5, 0.2, 0.3]), np.array([0])

    assert top_k(weight, first, 2).tolist() == pytest.approx([0.625, 0, 0.375])
    assert top_p(weight, first, 0.5).tolist() == [1, 0, 0]
    assert top_p(weight, first, 0.51).tolist() == pytest.approx([0.625, 0, 0.375])
    assert temperature(weight, first, 0.5).tolist() == pytest.approx([25 / 38, 4 / 38, 9 / 38])


@given(policies, st.floats(0.01, 1))
def test_a_nucleus_is_the_smallest_set_that_has_enough(rows: list[np.ndarray], p: float) -> None:
    weight, first = flat(rows)
    left = np.split(top_p(weight, first, p), first[1:])
    for before, after in zip(rows, left, strict=True):
        kept = before[after > 0]

        assert kept.sum() >= p - 1e-9
        assert kept.sum() - kept.min() < p
        assert (before[after == 0] <= kept.min()).all()
        np.testing.assert_allclose(after[after > 0], kept / kept.sum())


@given(policies, st.floats(0.2, 5), st.integers(1, 7))
def test_what_is_decoded_is_a_policy(rows: list[np.ndarray], tau: float, k: int) -> None:
    weight, first = flat(rows)
    after = apply_decoders(weight, first, [("temperature", tau), ("top-k", k)])

    np.testing.assert_allclose(np.add.reduceat(after, first), 1)
    assert (np.add.reduceat((after > 0).astype(int), first) <= k).all()


@given(policies)
def test_what_keeps_everything_changes_nothing(rows: list[np.ndarray]) -> None:
    weight, first = flat(rows)
    for decoder, number in ((temperature, 1.0), (top_p, 1.0), (top_k, 99)):
        np.testing.assert_allclose(decoder(weight, first, number), weight, atol=1e-12)


def test_what_is_decoded_is_solved_as_it_is_played() -> None:
    exact = rlcalc.solve("student", policy="optimal,top-k:1").facts["start_value"]
    played = rlcalc.simulate("student", 9, policy="optimal,top-k:1", rows="summary", max_steps=50)

    assert exact == played.facts["start_value"] == played["mean"][0]


def test_weights_that_are_no_policy_are_refused() -> None:
    mdp = mdp_of({(0, 0): [(1, 1.0, 0.0)], (0, 1): [(1, 1.0, 1.0)]}, 2)
    for weight, error in (
        ([0.5, 0.4], InputError),
        ([1.5, -0.5], InputError),
        ([np.nan, 1], InputError),
        ([1.0], ShapeError),
    ):
        with pytest.raises(error):
            rlcalc.simulate(mdp, 1, policy=Policy(np.array(weight), "mine"), start=0)
    assert rlcalc.simulate(mdp, 3, policy=Policy(np.array([0.0, 1]), "mine"), start=0).whole()
