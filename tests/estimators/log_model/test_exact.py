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
