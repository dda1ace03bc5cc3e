from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import rlcalc
from tests.estimators.transition_reference import Logged, logs, solution

discounts = st.sampled_from([0.0, 0.3, 0.9, 0.99])


def test_two_states_by_hand() -> None:
    """hall right was met twice, with the rewards 3 and 6: mean 4.5, sd 3/√2; all P̂ are 1."""
    result = rlcalc.model("two-states")

    assert result["next_state"].tolist() == ["room", "end", "end"]
    assert result["n"].tolist() == [2, 2, 2]
    np.testing.assert_allclose(result["reward_sd"], [0, 4.5 / np.sqrt(4.5), np.sqrt(2)])
    assert result["probability"].tolist() == [1, 1, 1]
    assert result["se"].tolist() == [0, 0, 0]
    assert result["pi"].tolist() == [0.5, 0.5, 1]
    assert result["start_probability"].tolist() == [1, 1, 0]


@given(logs())
def test_counts_are_those_of_plain_lists(log: Logged) -> None:
    known = log.steps()
    assume(known)
    every = [step for steps in known for step in steps]
    moves = Counter((s, a, after or "end") for s, a, _, after in every)
    pairs = Counter((s, a) for s, a, _, _ in every)
    rows = {
        (r["state"], r["action"], r["next_state"]): r for r in rlcalc.model(log.arrays()).rows()
    }

    assert {key: row["n"] for key, row in rows.items()} == dict(moves)
    for (s, a, after), row in rows.items():
        share = moves[s, a, after] / pairs[s, a]
        rewards = [r for t, b, r, x in every if (t, b, x or "end") == (s, a, after)]
        n = pairs[s, a]

        assert row["probability"] == share
        assert row["reward"] == pytest.approx(np.mean(rewards), abs=1e-9)
        assert row["se"] == (
            pytest.approx(np.sqrt(share * (1 - share) / (n - 1))) if n > 1 else None
        )
        if len(rewards) > 1:
            assert row["reward_sd"] == pytest.approx(np.std(rewards, ddof=1), abs=1e-7)
        else:
            assert row["reward_sd"] is None


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet", "jsonl"])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(log=logs(), gamma=discounts)
def test_the_file_solved_gives_the_values_of_certainty_equivalence(
    tmp_path: Path, suffix: str, log: Logged, gamma: float
) -> None:
    """Which this also compares with dense formulas that share no code."""
    known = log.steps()
    assume(known)
    path = tmp_path / f"model.{suffix}"
    write(rlcalc.model(log.arrays()), path)
    mdp = rlcalc.load_model(str(path))
    values, _ = solution(known, gamma)
    size = max(1.0, *(abs(v) for v, _ in values.values()))
    exact = rlcalc.solve(mdp, policy="spec", gamma=gamma, tol=1e-6)
    ce = rlcalc.estimate(log.arrays(), gamma=gamma, method="ce")
    q = {(row["state"], row["action"]): row["q"] for row in ce.rows()}

    assert exact.facts["start_value"] == pytest.approx(ce.facts["start_value"], abs=1e-12 * size)
    for row in exact.rows():
        assert abs(row["v"] - values[row["state"]][0]) <= 1e-10 * size
        assert abs(row["q"] - q[row["state"], row["action"]]) <= 1e-12 * size


def write(result: rlcalc.Result, path: Path) -> None:
    frame = result.to_polars()
    writers: dict[str, Any] = {
        ".csv": frame.write_csv,
        ".tsv": lambda p: frame.write_csv(p, separator="\t"),
        ".parquet": frame.write_parquet,
        ".jsonl": frame.write_ndjson,
    }
    writers[path.suffix](path)
