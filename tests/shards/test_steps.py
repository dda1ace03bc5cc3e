"""Trajectories that files cut: the same estimates as from one file, wherever it is cut."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.labels import Labels
from rlcalc.readers.trajectories.assemble import Strides
from rlcalc.shards.steps import ReaderCounts, ShardLabels
from tests.shards.conftest import Cut, log_of_steps

LAYOUTS = {
    "all columns": ((), 1),
    "without time": (("t", "env"), 1),
    "without flags": (("terminated", "env"), 1),
    "time and flags alone": (("trajectory", "env"), 1),
    "interleaved environments": (("trajectory", "t"), 3),
    "interleaved trajectories": (("env",), 3),
    "interleaved trajectories without time": (("env", "t"), 3),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    places=st.lists(st.integers(0, 160), max_size=8),
    truncated=st.sampled_from(["keep", "drop", "cut:0.5"]),
    visit=st.sampled_from(["first", "every"]),
)
def test_a_cut_changes_nothing_but_rounding(
    layout: str, seed: int, places: list[int], truncated: str, visit: Any
) -> None:
    left_out, lanes = LAYOUTS[layout]
    frame = log_of_steps(seed, 40, interleaved=lanes).drop(left_out)
    how: dict[str, Any] = {"gamma": 0.9, "truncated": truncated, "visit": visit}
    one = rlcalc.estimate(frame, **how)
    with TemporaryDirectory() as folder:
        names = write(frame, places, Path(folder))
        many = rlcalc.by_shards("estimate", names, **how)

    assert_alike(one, many)


def write(frame: pl.DataFrame, places: list[int], folder: Path) -> list[str]:
    edges = sorted({0, len(frame), *(place for place in places if 0 < place < len(frame))})
    names = []
    for number in range(len(edges) - 1):
        names.append(str(folder / f"{number:04}.parquet"))
        frame[edges[number] : edges[number + 1]].write_parquet(names[-1])
    return names


def assert_alike(one: rlcalc.Result, many: rlcalc.Result) -> None:
    """Every label, count and note is the same, and every number up to rounding."""
    for facts in ("trajectories", "steps", "states", "pairs", "terminated", "truncated", "unknown"):
        assert one.facts[facts] == many.facts[facts], facts
    assert one.facts["oddities"] == many.facts["oddities"]
    key = ["state", "action"]
    assert sorted(zip(*(one[k] for k in key), strict=True)) == sorted(
        zip(*(many[k] for k in key), strict=True)
    )
    first, second = (result.to_polars().sort(key) for result in (one, many))
    for name in first.columns:
        if first[name].dtype.is_float():
            a, b = first[name].to_numpy(), second[name].to_numpy()
            assert np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True), name
        else:
            assert first[name].to_list() == second[name].to_list(), name


def test_rows_stand_in_the_order_of_one_file(cut: Cut) -> None:
    frame = log_of_steps(1, 60).drop("env")
    one = rlcalc.estimate(frame)
    many = rlcalc.by_shards("estimate", cut(frame, [3, 40, 41, 90]))

    assert list(one["state"]) == list(many["state"])
    assert list(one["action"]) == list(many["action"])


def test_an_example_on_paper(cut: Cut) -> None:
    """One trajectory with the rewards 1, 2, 4 in three files: G = 7, 6, 4."""
    frame = pl.DataFrame(
        {
            "trajectory": ["e"] * 3,
            "t": [0, 1, 2],
            "state": ["x", "y", "z"],
            "action": ["a"] * 3,
            "reward": [1.0, 2.0, 4.0],
            "terminated": [False, False, True],
        }
    )
    result = rlcalc.by_shards("estimate", cut(frame, [1, 2]))

    assert list(result["state"]) == ["x", "y", "z"]
    assert list(result["v"]) == [7.0, 6.0, 4.0]
    assert result.facts["trajectories"] == 1


def test_whole_shards_are_read_by_themselves(cut: Cut) -> None:
    """Two files that use the same names for different trajectories without flags."""
    frame = log_of_steps(5, 10).drop("env", "terminated")
    again = pl.concat([frame, frame])
    names = cut(again, [len(frame)])

    whole = rlcalc.by_shards("estimate", names, shards_whole=True)
    assert whole.facts["trajectories"] == 20


@pytest.mark.parametrize("whole", [False, True])
def test_rows_in_any_order_are_no_shards_unless_they_are_whole(cut: Cut, whole: bool) -> None:
    frame = log_of_steps(2, 30).drop("env").sample(fraction=1.0, shuffle=True, seed=1)
    names = cut(frame, [])
    if whole:
        result = rlcalc.by_shards("estimate", names, shards_whole=True)
        assert result.facts["trajectories"] == 30
        return
    with pytest.raises(InputError, match="do not stand in order") as caught:
        rlcalc.by_shards("estimate", names)
    assert "--shards-whole" in caught.value.faults[0].fix


def test_the_first_fault_in_the_order_of_shards_is_told(cut: Cut) -> None:
    frame = log_of_steps(1, 60).drop("env")
    names = cut(frame, [30, 60, 90])
    for place in (1, 2):
        wrong = pl.read_parquet(names[place])
        wrong = wrong.with_columns(pl.lit(float("nan")).alias("reward"))
        wrong.write_parquet(names[place])

    for jobs in (1, 4):
        with pytest.raises(InputError) as caught:
            rlcalc.by_shards("estimate", names, jobs=jobs)
        assert "0001.parquet" in caught.value.faults[0].where


def test_shards_with_different_discount_factors_are_refused(tmp_path: Path) -> None:
    for name, gamma in (("a", "0.9"), ("b", "0.5")):
        (tmp_path / f"{name}.yaml").write_text(
            f"gamma: {gamma}\ntrajectories:\n  - [{{state: x, action: u, reward: 1}}]\n"
        )
    names = [str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")]

    with pytest.raises(InputError, match="the discount factor"):
        rlcalc.by_shards("estimate", names)
    assert rlcalc.by_shards("estimate", names, gamma=0.9).facts["trajectories"] == 2


def test_a_table_after_documents_needs_to_know_its_layout(cut: Cut, tmp_path: Path) -> None:
    document = tmp_path / "a.yaml"
    document.write_text("trajectories:\n  - [{state: x, action: u, reward: 1}]\n")
    (table,) = cut(log_of_steps(1, 5).drop("env"), [])

    with pytest.raises(InputError, match="has a step a row") as caught:
        rlcalc.by_shards("estimate", [str(document), table])
    assert "--like FILE" in caught.value.faults[0].fix
    result = rlcalc.by_shards("estimate", [str(document), table], like=table)
    assert result.facts["trajectories"] == 6


def test_a_column_that_some_shards_lack_is_unknown_there(cut: Cut) -> None:
    frame = log_of_steps(1, 10).drop("env").with_columns(next_value=1.0)
    names = cut(frame, [8])
    pl.read_parquet(names[1]).drop("next_value").write_parquet(names[1])

    many = rlcalc.by_shards("estimate", names)
    assert_alike(rlcalc.estimate(names), many)


def test_labels_that_follow_each_other_are_numbered_in_the_order_they_come() -> None:
    one, two = ShardLabels(["x", "y"]), ShardLabels(["z", "y", "x"], textual=True)
    both, codes = one.followed_by(two)

    assert both == ShardLabels(["x", "y", "z"], textual=True)
    assert codes is not None
    assert codes.tolist() == [2, 1, 0]
    assert both.labels().texts == Labels(["x", "y", "z"]).texts
    assert one.followed_by(ShardLabels(["x"]))[1] is None


def test_what_readers_counted_is_added() -> None:
    one = ReaderCounts(n_rows=2, notes=["a"], strides=Strides(1.0, 3, 4))
    two = ReaderCounts(n_rows=3, notes=["b", "a"], strides=Strides(0.5, 1, 1))
    both = one.merge(two)

    assert (both.n_rows, list(both.notes)) == (5, ["a", "b"])
    assert both.strides == Strides(0.5, 1, 5)
