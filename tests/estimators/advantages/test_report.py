"""The report on advantages: critics, ends, facts, and errors that name the row."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import rlcalc
from rlcalc.errors import InputError, UsageError

BUFFER = {
    "episode": [0, 0, 1, 1],
    "t": [0, 1, 0, 1],
    "reward": [1.0, 2.0, 3.0, 4.0],
    "value": [1.0, 2.0, 3.0, 4.0],
    "terminated": [False, True, False, False],
    "truncated": [False, True, False, True],
}
"""γ = 0.5: δ = 1, 0, 2, and 0.5 V' of the cut."""


def buffer(**columns: object) -> pl.DataFrame:
    return pl.DataFrame({**BUFFER, **columns})


def test_ends_on_paper() -> None:
    """Both flags: terminated, whatever follows; truncated: V of the state that followed."""
    after = [2.0, 99.0, 4.0, 6.0]
    result = rlcalc.advantage(buffer(next_value=after), gamma=0.5, lambda_=0.5)

    assert result["next_value"].tolist() == [2.0, 0.0, 4.0, 6.0]
    assert result["td_error"].tolist() == [1.0, 0.0, 2.0, 3.0]
    assert result["advantage"].tolist() == [1.0, 0.0, 2.75, 3.0]
    assert result["target"].tolist() == [2.0, 2.0, 5.75, 7.0]
    facts = result.facts
    assert (facts["terminated"], facts["truncated"], facts["unknown"]) == (1, 1, 0)
    assert (facts["bootstrapped"], facts["bootstrap_weight"]) == (2, 0.625)
    assert facts["td_error_mean"] == 1.5
    assert facts["td_error_se"] == pytest.approx(np.sqrt(2 * (2**2 + 2**2)) / 4)
    assert facts["explained_variance"] == pytest.approx(
        1 - np.var([1, 0, 2.75, 3]) / np.var([2, 2, 5.75, 7])
    )


def test_a_cut_without_a_value_is_refused_with_ways_out() -> None:
    with pytest.raises(InputError, match="truncated") as caught:
        rlcalc.advantage(buffer(), gamma=0.5)

    assert caught.value.faults[0].where == "row 4"
    assert "--unknown-end cut" in caught.value.faults[0].fix
    cut = rlcalc.advantage(buffer(), gamma=0.5, lambda_=1, unknown_end="cut")
    assert cut["advantage"][:3].tolist() == [1.0, 0.0, 2.0]
    assert np.isnan(cut["advantage"][3])
    ended = rlcalc.advantage(buffer(), gamma=0.5, lambda_=1, unknown_end="terminated")
    assert ended["advantage"].tolist() == [1.0, 0.0, 2.0, 0.0]


def test_labels_are_not_needed_beside_values(tmp_path: Path) -> None:
    """Observations that are vectors, or none at all, in every format."""
    frame = buffer(obs=[[0.1, 0.2]] * 4, actions=[[0.5]] * 4, next_value=[2.0, 0, 4, 6])
    expected = rlcalc.advantage(buffer(next_value=[2.0, 0, 4, 6]), gamma=0.9)["advantage"]
    frame.write_parquet(tmp_path / "b.parquet")
    frame.write_ndjson(tmp_path / "b.jsonl")
    frame.drop("obs", "actions").write_csv(tmp_path / "b.csv")
    for name in ("b.parquet", "b.jsonl", "b.csv"):
        result = rlcalc.advantage(str(tmp_path / name), gamma=0.9)
        assert result["advantage"].tolist() == expected.tolist()
        assert result["state"].tolist() == [None] * 4
        assert not [note for note in result.notes if "not read" in note]


def test_a_critic_is_a_file_in_any_format(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(
        '{"states":["a","b","c"],"actions":["x","y"],"rewards":[1,2],"truncated":true}\n'
    )
    rows = pl.DataFrame({"state": ["a", "b", "c"], "v": [1.0, 2.0, 6.0]})
    rows.write_csv(tmp_path / "v.csv")
    rows.write_parquet(tmp_path / "v.parquet")
    rows.write_ndjson(tmp_path / "v.jsonl")
    (tmp_path / "v.json").write_text(json.dumps({"facts": {}, "rows": rows.to_dicts()}))
    for kind in ("csv", "parquet", "jsonl", "json"):
        critic = str(tmp_path / f"v.{kind}")
        result = rlcalc.advantage(str(log), method="td", gamma=0.5, value=critic)
        assert result["advantage"].tolist() == [1.0, 3.0]

    rows.filter(pl.col("state") != "b").write_csv(tmp_path / "less.csv")
    with pytest.raises(InputError, match="no value of state b"):
        rlcalc.advantage(str(log), value=str(tmp_path / "less.csv"))


def test_a_critic_of_a_model_is_what_solve_gives() -> None:
    play = rlcalc.simulate("student", 20, policy="uniform", seed=1).whole()
    solved = rlcalc.solve("student", policy="uniform")
    value = dict(zip(solved["state"].tolist(), solved["v"].tolist(), strict=True))
    result = rlcalc.advantage(play, value="exact:student", policy=None)

    assert result["value"].tolist() == [value[state] for state in result["state"].tolist()]


@pytest.mark.parametrize("method", ["mc", "ce"])
def test_a_critic_from_the_same_steps_is_what_estimate_gives(method: str) -> None:
    play = rlcalc.simulate("student", 50, policy="uniform", seed=1).whole()
    estimated = rlcalc.estimate(play, of="v", method=method)
    value = dict(zip(estimated["state"].tolist(), estimated["v"].tolist(), strict=True))
    result = rlcalc.advantage(play, value=method, method="td")

    assert result["value"].tolist() == [value[state] for state in result["state"].tolist()]


def test_the_model_of_the_data_has_no_mean_td_error() -> None:
    """At the fixed point of batch TD the errors of every state sum to 0."""
    play = rlcalc.simulate("student", 50, policy="uniform", seed=1).whole()
    result = rlcalc.advantage(play, value="ce", method="td")
    for state in set(result["state"].tolist()):
        assert abs(result["td_error"][result["state"] == state].mean()) < 1e-9


def test_off_policy_methods_take_probabilities() -> None:
    """Log-probabilities of both, or π from a mapping and b of the log: the same ratios."""
    columns = {"state": ["s"] * 4, "action": ["x", "y"] * 2, "next_value": [2.0, 0, 4, 6]}
    logs = {"log_prob": np.log([0.5] * 4), "old_log_prob": np.log([0.25, 0.75] * 2)}
    one = rlcalc.advantage(buffer(**columns, **logs), method="vtrace", gamma=0.9)
    b = {"behaviour_prob": [0.25, 0.75] * 2}
    two = rlcalc.advantage(
        buffer(**columns, **b), method="vtrace", gamma=0.9, policy={"s": {"x": 0.5, "y": 0.5}}
    )

    np.testing.assert_allclose(one["ratio"], [2, 2 / 3] * 2, rtol=1e-12)
    np.testing.assert_allclose(one["advantage"], two["advantage"], rtol=1e-12)


@pytest.mark.parametrize(
    ("columns", "how", "what"),
    [
        ({"value": [1.0, None, 3, 4]}, {}, "a value is missing"),
        ({"log_prob": [0.0, 0.5, 0, 0]}, {"method": "vtrace"}, "log_prob"),
        ({"log_prob": [0.0] * 4}, {"method": "vtrace"}, "taken"),
        ({}, {"method": "vtrace"}, "under the policy"),
        ({}, {"method": "retrace"}, "values of actions"),
        (
            {"log_prob": [0.0] * 4, "old_log_prob": [0.0, -800, 0, 0]},
            {"method": "vtrace"},
            "not a finite number",
        ),
        ({"reward": [1e308] * 4, "value": [-1e308] * 4}, {}, "overflows"),
    ],
)
def test_errors_name_the_row(columns: dict[str, object], how: dict[str, object], what: str) -> None:
    frame = buffer(**{"next_value": [2.0, 0, 4, 6], **columns})
    with pytest.raises(InputError, match=what):
        rlcalc.advantage(frame, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["gea", "n-step", "n-step:0", "td:3"])
def test_a_method_that_is_not_known_is_refused(method: str) -> None:
    with pytest.raises(UsageError):
        rlcalc.advantage(buffer(next_value=[2.0, 0, 4, 6]), method=method)


def test_check_reports_values_that_contradict_each_other() -> None:
    frame = buffer(state=["a"] * 4, action=["x"] * 4, next_value=[7.0, 0, 4, 6])
    fault = next(iter(rlcalc.check(frame).rows()))

    assert "contradicts" in fault["what"]
    assert "row 1" in fault["where"]
    assert any("contradicts" in n for n in rlcalc.advantage(frame, gamma=0.5).notes)


def test_whitened_advantages() -> None:
    frame = buffer(next_value=[2.0, 0, 4, 6], advantages=[0.5] * 4)
    raw = rlcalc.advantage(frame, gamma=0.5)["advantage"]
    for ddof, how in ((1, "ddof1"), (0, "ddof0")):
        white = rlcalc.advantage(frame, gamma=0.5, whiten=how)  # type: ignore[arg-type]
        np.testing.assert_allclose(
            white["advantage"], (raw - raw.mean()) / raw.std(ddof=ddof), rtol=1e-6
        )
        assert white["trainer_advantage"].tolist() == [0.5] * 4


def episodes(rng: np.random.Generator, n: int) -> pl.DataFrame:
    sizes = rng.integers(1, 6, n)
    last = np.cumsum(sizes) - 1
    ended = rng.random(n) < 0.5
    columns: dict[str, object] = {
        "episode": np.repeat(np.arange(n), sizes),
        "reward": rng.normal(size=sizes.sum()),
        "value": rng.normal(size=sizes.sum()),
        "next_value": rng.normal(size=sizes.sum()),
        "terminated": np.isin(np.arange(sizes.sum()), last[ended]),
        "truncated": np.isin(np.arange(sizes.sum()), last[~ended]),
    }
    return pl.DataFrame(columns)


@pytest.mark.parametrize("whiten", ["none", "ddof1", "ddof0"])
@pytest.mark.parametrize("steps", [1, 3, 7, 1000])
def test_a_summary_is_that_of_the_rows_however_it_is_cut(
    whiten: Any, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = episodes(np.random.default_rng(steps), 40)
    whole = rlcalc.advantage(frame, gamma=0.9, whiten=whiten)
    monkeypatch.setattr("rlcalc.trajectories.Experience.pieces.__defaults__", (steps,))
    pieces = rlcalc.advantage(frame, gamma=0.9, whiten=whiten)
    summary = rlcalc.advantage(frame, gamma=0.9, whiten=whiten, rows="summary")

    for name in whole.columns:
        assert pieces[name].tolist() == whole[name].tolist()
    for name, value in whole.facts.items():
        assert summary.facts[name] == pytest.approx(value), name
    for row in summary.rows():
        values = whole[row["quantity"]]
        assert row["n"] == len(values)
        numbers = values.mean(), values.std(), values.min(), values.max()
        assert (row["mean"], row["sd"], row["min"], row["max"]) == pytest.approx(numbers)


@pytest.mark.parametrize("steps", [1, 2, 1000])
def test_the_row_of_a_fault_counts_from_the_start_of_the_source(
    steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlcalc.trajectories.Experience.pieces.__defaults__", (steps,))
    with pytest.raises(InputError) as caught:
        rlcalc.advantage(buffer(value=[1.0, 2.0, None, 4.0], next_value=[2.0, 0, 4, 6]))
    assert caught.value.faults[0].where == "row 3"
