"""States that are numbers become intervals: by hand, and as plain arithmetic has them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc import InputError, Trajectories, UsageError
from rlcalc.estimators.observation_bins import note_of_single_states, parse_bins


def log(states: list[Any], **more: Any) -> Trajectories:
    n, ends = len(states), len(more.get("length", [1]))
    texts = [json.dumps(state) for state in states]
    return Trajectories.from_arrays(
        texts, ["x"] * n, np.arange(n), terminated=[True] * ends, **more
    )


def test_intervals_by_hand() -> None:
    """0.1 and 0.4 are in [0, 0.5), 0.9 is in [0.5, 1): the widths are round."""
    result = rlcalc.estimate(log([0.1, 0.4, 0.9]), bins=3, visit="every", of="v")

    assert result["state"].tolist() == ["[0, 0.5)", "[0.5, 1)"]
    assert result["v"].tolist() == [(3 + 3) / 2, 2]


def test_lists_have_bins_for_each_of_their_numbers() -> None:
    result = rlcalc.model(log([[0.1, 5], [0.4, 7], [0.9, 5]]), bins="2,10")

    assert result["state"].tolist() == ["[0, 0.5) × 5", "[0, 0.5) × 7", "[0.5, 1) × 5"]


def test_whole_numbers_of_a_small_range_stay_themselves() -> None:
    assert rlcalc.model(log([3, 1, 2]), bins=5)["state"].tolist() == ["3", "1", "2"]


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=50), st.integers(1, 12))
def test_every_number_is_in_its_interval(values: list[float], most: int) -> None:
    batch = log(values)
    names = rlcalc.gain(batch)["state"].tolist()
    binned = rlcalc.model(log(values), bins=most, gamma=0.5)
    states = binned.plain()["state"]

    assert len(set(states)) <= most + 1
    assert binned.facts["steps"] == len(names)
    edges = [tuple(map(float, s[1:-1].split(", "))) for s in set(states) if s.startswith("[")]
    whole = {float(s) for s in set(states) if not s.startswith("[")}
    for value in values:
        assert value in whole or any(a <= value + 1e-9 and value - 1e-9 < b for a, b in edges)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_columns_are_the_state_together(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 60)).round(3)
    frame = pl.DataFrame({
        "episode": np.repeat(np.arange(6), 10), "x": x, "y": y, "action": ["a"] * 60,
        "reward": x + y,
    })  # fmt: skip
    path = tmp_path / f"log.{suffix}"
    writers = {"csv": frame.write_csv, "parquet": frame.write_parquet, "jsonl": frame.write_ndjson}
    writers[suffix](path)
    lists = frame.with_columns(state=pl.concat_list("x", "y")).drop("x", "y")
    one = rlcalc.model(str(path), bins={"x": 4, "y": 3}, gamma=0.9)
    two = rlcalc.model(lists, bins="4,3", gamma=0.9)

    assert one.plain() == two.plain()


def test_last_states_are_divided_too_or_keep_their_names() -> None:
    batch = log([0.1, 0.9], length=[1, 1])
    codes = [batch.states.code("0.45"), batch.states.code("won")]
    last = Trajectories(**{
        **vars(batch),
        "last_state": np.array(codes, np.int32),
    })  # fmt: skip
    result = rlcalc.model(last, bins=2)

    assert result["next_state"].tolist() == ["end", "won"]  # [0, 0.5) goes on, in another episode


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match="the state hall is not a number"):
        rlcalc.estimate("two-states", bins=3)
    with pytest.raises(InputError, match="has 1 numbers, and others have 2"):
        rlcalc.model(log([[1, 2], 3]), bins=3)
    with pytest.raises(UsageError, match="there are 3 numbers of bins, but a state has 1"):
        rlcalc.model(log([1, 2]), bins=[3, 3, 3])
    with pytest.raises(UsageError, match="divides the states of a log"):
        rlcalc.model("student", bins=3)


@pytest.mark.parametrize("bins", ["", "0", "x", "10,-1", "x=3,4", [], "1e3", 0])
def test_what_is_no_number_of_bins_is_refused(bins: Any) -> None:
    with pytest.raises(UsageError, match="is not a number of bins"):
        parse_bins(bins)


def test_a_note_tells_where_nothing_is_averaged() -> None:
    few, many = np.ones(19, np.int64), np.ones(20, np.int64)
    mixed = np.array([1] * 18 + [2] * 2)

    assert not note_of_single_states(few)
    assert not note_of_single_states(mixed)
    assert "20 of 20 states were met once" in note_of_single_states(many)[0]
    states = np.random.default_rng(0).normal(size=40).tolist()
    for how in ({"method": "mc"}, {"method": "ce"}):
        assert "--bins 10" in " ".join(rlcalc.estimate(log(states), **how).notes)  # type: ignore[arg-type]
        binned = rlcalc.estimate(log(states), bins=5, **how)  # type: ignore[arg-type]
        assert "--bins 10" not in " ".join(binned.notes)
    assert "--bins 10" in " ".join(rlcalc.model(log(states)).notes)
