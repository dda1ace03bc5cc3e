"""Heads and tails of shards: which rows they are, and what is made of them."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rlcalc.errors import InputError
from rlcalc.labels import Labels
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.trajectories.shard_rows import (
    Edges,
    first_layout,
    joined_edges,
    read_shard,
)
from rlcalc.trajectories import Experience

FRAME = pl.DataFrame(
    {
        "trajectory": ["a", "a", "b", "c", "c"],
        "t": [4, 5, 0, 0, 1],
        "state": ["x"] * 5,
        "action": ["u"] * 5,
        "reward": [1.0, 2.0, 3.0, 4.0, 5.0],
        "terminated": [False, True, True, False, False],
    }
)


def shard_of(
    frame: pl.DataFrame, folder: Path, *, whole: bool = False
) -> tuple[list[float], Edges]:
    """Return the rewards between head and tail, and the rows of these."""
    path = str(folder / "shard.parquet")
    frame.write_parquet(path)
    request = ReadRequest()
    experience = Experience(iter(()), Labels(), Labels())
    context = read_shard(path, experience, request, first_layout([path], request), whole=whole)
    middle = [float(reward) for batch in experience.batches for reward in batch.reward]
    assert context.rows is not None
    return middle, context.rows.edges(7)


def test_the_first_run_is_the_head_and_what_is_open_the_tail(tmp_path: Path) -> None:
    middle, edges = shard_of(FRAME, tmp_path)

    assert middle == [3.0]
    assert edges.columns["reward"].tolist() == [1.0, 2.0, 4.0, 5.0]
    assert edges.columns["in_head"].tolist() == [True, True, False, False]
    assert edges.columns["closes"].tolist() == [True, True, False, False]
    assert edges.columns["shard"].tolist() == [7] * 4


def test_a_whole_shard_has_no_edges(tmp_path: Path) -> None:
    middle, edges = shard_of(FRAME, tmp_path, whole=True)

    assert middle == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert len(edges) == 0


def test_of_interleaved_rows_every_key_has_a_head_and_a_tail(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "env": [0, 1, 0, 1, 0, 1, 0],
            "state": ["x"] * 7,
            "action": ["u"] * 7,
            "reward": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
            "terminated": [True, False, False, True, True, False, False],
        }
    )
    middle, edges = shard_of(frame, tmp_path)

    assert middle == [3.0, 5.0]
    head = edges.columns["reward"][edges.columns["in_head"]]
    assert head.tolist() == [1.0, 2.0, 4.0]
    assert edges.columns["reward"][~edges.columns["in_head"]].tolist() == [6.0, 7.0]


def test_tails_go_on_in_heads(tmp_path: Path) -> None:
    """The tail c of the shard goes on in a head c, through a shard that is nothing but c."""
    _, first = shard_of(FRAME, tmp_path)
    through = FRAME[:1].with_columns(trajectory=pl.lit("c"), t=2, reward=6.0)
    _, second = shard_of(through, tmp_path)
    last = FRAME[1:2].with_columns(trajectory=pl.lit("c"), t=3, reward=7.0)
    _, third = shard_of(last, tmp_path)
    edges = first.followed_by(second.shifted(1)).followed_by(third.shifted(2))
    experience = Experience(iter(()), Labels(["x"]), Labels(["u"]))
    layout = first_layout([str(tmp_path / "shard.parquet")], ReadRequest())
    assert layout is not None
    batches, _ = joined_edges(edges, experience, ReadRequest(), layout, str)
    (batch,) = batches

    assert batch.reward.tolist() == [1.0, 2.0, 4.0, 5.0, 6.0, 7.0]
    assert batch.start.tolist() == [0, 2, 6]
    assert batch.terminated.tolist() == [True, True]
    assert batch.row is not None
    assert (np.diff(batch.row) > 0).all()


def test_codes_of_rows_are_changed_and_missing_ones_stay(tmp_path: Path) -> None:
    edges = Edges({"reward": np.zeros(3), "state": np.array([0, -1, 1], np.int32)})

    assert edges.recoded(np.array([5, 3]), None).columns["state"].tolist() == [5, -1, 3]
    assert edges.recoded(None, None).columns["state"].tolist() == [0, -1, 1]


def test_shards_with_other_columns_are_refused() -> None:
    one = Edges({"reward": np.zeros(1), "time": np.zeros(1)})
    two = Edges({"reward": np.zeros(1)})

    with pytest.raises(InputError, match="some have a column for the time"):
        one.followed_by(two)
    assert one.followed_by(Edges()) is one
    assert len(one.followed_by(one)) == 2
