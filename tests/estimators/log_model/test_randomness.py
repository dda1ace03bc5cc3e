import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc import Trajectories
from rlcalc.estimators.log_model.randomness import entropy
from tests import reference
from tests.strategies import batches


def test_a_coin_by_hand() -> None:
    """Four steps from a, to b, b, c and c: one bit, and 1/(2·4 ln 2) that four steps hide."""
    batch = Trajectories.from_arrays(
        list("abababab"), ["x"] * 8, [0.0] * 8, length=[2] * 4,
        terminated=[True] * 4,
    )  # fmt: skip
    state = batch.state.copy()
    state[[5, 7]] = batch.states.code("c")
    result = rlcalc.model(Trajectories(**{**vars(batch), "state": state}), rows="randomness")

    assert result["certain"].tolist() == ["no", "yes", "yes"]
    assert result["outcomes"].tolist() == [2, 1, 1]
    np.testing.assert_allclose(result["entropy"], [1 + 1 / (8 * np.log(2)), 0, 0])
    np.testing.assert_allclose(result["missed_up_to"][1:], 1 - 0.05**0.5)
    assert result.facts["environment_entropy"] == pytest.approx(result["entropy"][0] / 2)
    assert result.facts["policy_entropy"] == 0
    assert "2 pairs never differed" in result.notes[-1]


def test_what_was_met_once_is_unknown() -> None:
    batch = Trajectories.from_arrays(["a", "b"], ["x", "x"], [1.0, 2.0], terminated=[True])
    result = rlcalc.model(batch, rows="randomness")

    assert result["certain"].tolist() == ["unknown"] * 2
    assert np.isnan(result["missed_up_to"]).all()
    assert np.isnan(result["reward_sd"]).all()
    assert [result.facts[f"pairs_{k}"] for k in ("certain", "random", "unknown")] == [0, 0, 2]


def test_a_random_reward_is_not_certain() -> None:
    result = rlcalc.model("two-states", rows="randomness")

    assert result["certain"].tolist() == ["yes", "no", "no"]
    np.testing.assert_allclose(result["reward_sd"], [0, 1.5 * np.sqrt(2), np.sqrt(2)])


@given(batches())
def test_rows_are_those_of_plain_lists(trajectories: list[reference.Trajectory]) -> None:
    after: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for steps in trajectories:
        following = [*(s for s, _, _ in steps[1:]), "end"]
        for (s, a, r), s2 in zip(steps, following, strict=True):
            after.setdefault((s, a), []).append((s2, r))
    result = rlcalc.model(reference.arrays(trajectories), rows="randomness", gamma=0.5)

    for row in result.rows():
        known = after[row["state"], row["action"]]
        n, names = len(known), {s for s, _ in known}
        shares = np.array([sum(s == name for s, _ in known) / n for name in names])
        bits = -sum(shares * np.log2(shares)) + (len(names) - 1) / (2 * n * np.log(2))
        rewards = [[r for s, r in known if s == name] for name in names]
        apart = len(names) > 1 or any(len(set(several)) > 1 for several in rewards)

        assert row["entropy"] == pytest.approx(bits, abs=1e-9)
        assert row["certain"] == ("unknown" if n == 1 else "no" if apart else "yes")
        if n > len(names):
            squares = sum(np.var(several) * len(several) for several in rewards)
            assert row["reward_sd"] == pytest.approx(np.sqrt(squares / (n - len(names))), abs=1e-6)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_entropy_is_between_nothing_and_that_of_equal_chances(weights: list[int]) -> None:
    chance = np.array(weights) / sum(weights)
    bits = entropy(chance, np.array([0, len(chance)]))[0]

    assert -1e-12 <= bits <= np.log2(len(weights)) + 1e-12


def test_the_correction_takes_away_most_of_the_bias() -> None:
    """20 draws from eight equal outcomes: 3 bits; plain counts fall short by (m − 1)/(2n ln 2)."""
    rng = np.random.default_rng(1)
    draws = rng.multinomial(20, [1 / 8] * 8, size=4000) / 20
    plain = -np.where(draws > 0, draws * np.log2(np.where(draws > 0, draws, 1)), 0).sum(axis=1)
    corrected = plain + ((draws > 0).sum(axis=1) - 1) / (40 * np.log(2))

    assert abs(corrected.mean() - 3) < 0.25 * abs(plain.mean() - 3)
