"""Columns that are worked out part by part, and summaries without pairs."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import rlcalc
from rlcalc.estimators import value_columns
from tests.reference import arrays
from tests.strategies import batches


@pytest.mark.parametrize("of", ["all", "v", "q", "a"])
def test_parts_of_any_size_give_the_same_rows(monkeypatch: pytest.MonkeyPatch, of: Any) -> None:
    """Intervals of shares are found by a search that ends for a whole part: 1e-9 apart at most."""
    steps = rlcalc.simulate("student", 200, seed=1).whole()
    whole = rlcalc.estimate(steps, of=of)
    for rows in (1, 3):
        monkeypatch.setattr(value_columns, "ROWS", rows)
        parts = rlcalc.estimate(steps, of=of)
        assert list(parts) == list(whole)
        for name in whole:
            if whole[name].dtype.kind == "f":
                assert np.allclose(parts[name], whole[name], rtol=1e-9, equal_nan=True)
            else:
                assert list(parts[name]) == list(whole[name])


@settings(max_examples=40)
@given(trajectories=batches())
def test_values_of_states_need_no_pairs(trajectories: Any) -> None:
    """V alone is summed without pairs, and is the V of all quantities to the last bit."""
    steps = arrays(trajectories)
    for visit in ("first", "every"):
        alone = rlcalc.estimate(steps, of="v", gamma=0.9, visit=visit)  # type: ignore[arg-type]
        every = rlcalc.estimate(steps, gamma=0.9, visit=visit)  # type: ignore[arg-type]
        first = np.unique(every["state"], return_index=True)[1]
        rows = {state: n for n, state in enumerate(alone["state"].tolist())}
        for place in first.tolist():
            row = rows[every["state"][place]]
            for name in ("v", "v_se", "v_low", "v_high", "v_n"):
                assert np.array_equal(alone[name][row], every[name][place], equal_nan=True)
        assert "pairs" in every.facts
        assert "pairs" not in alone.facts
