"""Models that are in memory solve like the files that hold them."""

from typing import Any

import gymnasium
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError, UsageError

ROWS = {
    "state": ["a", "a", "b", "b"],
    "action": ["stay", "go", "stay", "stay"],
    "next_state": ["a", "b", "b", "a"],
    "probability": [1.0, 1.0, 0.5, 0.5],
    "reward": [1.0, 0.0, 4.0, 0.0],
}
"""γ = 0.5: V(a) = 1 / (1 − 0.5) = 2, as staying is best; V(b) = 2 + (V(b) + 2) / 4 = 10 / 3."""


@pytest.mark.parametrize("made", [dict, pl.DataFrame, pl.LazyFrame, pd.DataFrame])
def test_a_frame_of_transitions(made: Any, tmp_path: Any) -> None:
    result = rlcalc.solve(made(ROWS), gamma=0.5)
    path = tmp_path / "t.csv"
    pl.DataFrame(ROWS).write_csv(path)

    assert dict(zip(result["state"], result["v"], strict=True))["b"] == pytest.approx(10 / 3)
    assert result["q"].tolist() == rlcalc.solve(str(path), gamma=0.5)["q"].tolist()


def test_columns_of_a_frame_are_renamed() -> None:
    frame = pl.DataFrame(ROWS).rename({"probability": "chance", "state": "from"})
    columns = {"probability": "chance", "state": "from"}
    assert rlcalc.solve(frame, gamma=0.5, columns=columns)["v"][0] == pytest.approx(2)
    with pytest.raises(InputError, match="probability"):
        rlcalc.solve(frame, gamma=0.5)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 4), m=st.integers(1, 3))
def test_arrays_a_pair_and_a_table_of_gymnasium_are_one_model(seed: int, n: int, m: int) -> None:
    random = np.random.default_rng(seed)
    p = random.dirichlet(np.ones(n), (m, n))
    r = random.normal(size=(m, n, n))
    table = {
        s: {a: [(p[a, s, t], t, r[a, s, t], False) for t in range(n)] for a in range(m)}
        for s in range(n)
    }
    rows = [(s, a, t, p[a, s, t], r[a, s, t]) for a in range(m) for s in range(n) for t in range(n)]
    columns = dict(zip(ROWS, zip(*rows, strict=True), strict=True))
    expected = rlcalc.solve({name: list(c) for name, c in columns.items()}, gamma=0.7)["v"]
    for model in ((p, r), {"P": p, "R": r}, {"P": p.tolist(), "R": r.tolist()}, table):
        np.testing.assert_allclose(rlcalc.solve(model, gamma=0.7)["v"], expected, atol=1e-9)


def test_an_environment_of_gymnasium_with_a_table() -> None:
    environment = gymnasium.make("FrozenLake-v1")
    expected = rlcalc.solve("gym:FrozenLake-v1", gamma=0.9)

    assert rlcalc.solve(environment, gamma=0.9)["v"].tolist() == expected["v"].tolist()
    table = environment.unwrapped.P  # type: ignore[attr-defined]
    assert rlcalc.solve(table, gamma=0.9)["v"].tolist() == expected["v"].tolist()
    assert rlcalc.simulate(environment, 3, rows="summary").facts["episodes"] == 3


def test_a_document_as_a_mapping_with_settings() -> None:
    document = {"states": {"a": {"go": {"to": "b", "reward": 1}}, "b": {}}}
    assert rlcalc.solve(document, settings={"gamma": 0.5}).facts["gamma"] == 0.5
    assert rlcalc.load_model({"environment": "rifle"}).name
    with pytest.raises(InputError, match="no state c") as caught:
        rlcalc.solve({"states": {"a": {"go": {"to": "c"}}}})
    assert caught.value.faults[0].where == "the mapping['states']['a']['go']['to']"
    with pytest.raises(UsageError, match="no settings"):
        rlcalc.solve(ROWS, settings={"gamma": 0.5})


@pytest.mark.parametrize("source", [3, None, object(), [1, 2], {1, 2}])
def test_what_is_no_model_is_refused(source: Any) -> None:
    with pytest.raises(UsageError, match="is not a model"):
        rlcalc.solve(source)
