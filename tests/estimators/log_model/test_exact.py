from pathlib import Path

import numpy as np
import pytest

import rlcalc
from rlcalc import UsageError


def test_the_rows_are_the_model(tmp_path: Path) -> None:
    """Written to a file and solved, they give the same start value, and keep random rewards."""
    result = rlcalc.model("random-reward-chain")
    path = tmp_path / "model.csv"
    result.to_polars().write_csv(path)
    again = rlcalc.model(str(path), gamma=result.facts["gamma"])

    for name in result:
        np.testing.assert_array_equal(result[name], again[name])
    for name in ("variance_of_gain", "start_value", "states", "pairs", "outcomes"):
        assert again.facts[name] == pytest.approx(result.facts[name])


def test_without_a_start_there_is_no_variance_and_a_note() -> None:
    result = rlcalc.model(rlcalc.MDP.from_rows([0], [0], [1], [1], [2]))

    assert "variance_of_gain" not in result.facts
    assert "does not say where it starts" in result.notes[-1]
    assert result["reward"].tolist() == [2]


def test_a_model_is_one_source() -> None:
    with pytest.raises(UsageError, match="one source"):
        rlcalc.model(["student", "rifle"], policy="uniform")


def test_the_randomness_of_a_model_is_exact() -> None:
    """class3 pub leads to three states with 0.2, 0.4 and 0.4; all else is certain."""
    result = rlcalc.model("student", rows="randomness")
    bits = -0.2 * np.log2(0.2) - 0.8 * np.log2(0.4)
    random = result["certain"] == "no"

    assert result["state"][random].tolist() == ["class3"]
    np.testing.assert_allclose(result["entropy"], np.where(random, bits, 0), atol=1e-12)
    assert result["reward_sd"].tolist() == [0] * 8


def test_random_rewards_and_shared_next_states_are_summed() -> None:
    """To state 1 with 1/4 + 1/4, r = 0 or 2 (variance 1), and to 2 with 1/2: 1 bit, sd √½."""
    world = rlcalc.MDP.from_rows([0, 0, 0], [0, 0, 0], [1, 1, 2], [0.25, 0.25, 0.5], [0, 2, 7])
    result = rlcalc.model(world, rows="randomness")

    assert result["outcomes"].tolist() == [2]
    np.testing.assert_allclose(result["entropy"], 1)
    np.testing.assert_allclose(result["reward_sd"], np.sqrt(0.5))
