"""Estimates from simulated episodes, beside the exact values of the policy."""

from pathlib import Path

import numpy as np
import pytest

import rlcalc


@pytest.mark.parametrize("of", ["all", "v", "q", "a"])
def test_each_estimate_has_its_exact_value(of: str) -> None:
    result = rlcalc.estimate("student", episodes=3000, of=of, play={"seed": 5, "policy": "uniform"})  # type: ignore[arg-type]
    exact = rlcalc.solve("student", policy="uniform")
    of_state = dict(zip(exact["state"].tolist(), exact["v"].tolist(), strict=True))
    for name in ("v", "q", "a") if of == "all" else (of,):
        apart = np.abs(result[name] - result[f"{name}_exact"])[
            result["n" if of != "v" else "v_n"] > 30
        ]

        assert (
            apart <= 5 * result[f"{name}_se"][result["n" if of != "v" else "v_n"] > 30] + 1e-9
        ).all()
    if "v_exact" in result.columns:
        assert result["v_exact"].tolist() == [of_state[s] for s in result["state"].tolist()]


def test_a_cut_play_has_no_exact_values_of_states_but_one_of_the_start() -> None:
    result = rlcalc.estimate("recycling-robot", episodes=2000, play={"seed": 5, "max_steps": 4})

    assert "v_exact" not in result.columns
    assert result.facts["standard_errors_apart"] < 4


def test_a_cut_play_is_bootstrapped_from_the_model() -> None:
    """Then its gains miss nothing, and its mean is the endless value."""
    result = rlcalc.estimate(
        "recycling-robot",
        episodes=4000,
        truncated="bootstrap",
        play={"max_steps": 4, "seed": 1, "policy": "uniform"},
    )
    exact = rlcalc.solve("recycling-robot", policy="uniform")
    value = dict(zip(exact["state"], exact["v"], strict=True))

    assert result.facts["truncated"] == 4000
    assert [*result.notes] == [
        "truncated episodes are bootstrapped with the exact values of the model"
    ]
    assert result.facts["exact_start_value"] == exact.facts["start_value"]
    assert result.facts["standard_errors_apart"] < 4
    assert [value[state] for state in result["state"]] == result["v_exact"].tolist()
    assert (np.abs(result["v"] - result["v_exact"]) < 4 * result["v_se"]).all()


def test_numbers_of_a_log_are_states_of_a_model(tmp_path: Path) -> None:
    """States of a table are whole numbers, those of a document their text."""
    path = tmp_path / "log.csv"
    path.write_text("episode,state,action,reward,terminated\n1,0,left,0,false\n1,4,down,0,true\n")
    result = rlcalc.estimate(str(path), of="v", model="frozen-lake", gamma=0.9)

    exact = rlcalc.solve("frozen-lake", gamma=0.9, policy="uniform")
    values = dict(zip(exact["state"].tolist(), exact["v"].tolist(), strict=True))
    assert result["v_exact"].tolist() == [values[0], values[4]]
