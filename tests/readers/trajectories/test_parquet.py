"""Parquet and Arrow: cells of any width, damaged files, and rows told across batches."""

import io
from pathlib import Path

import polars as pl
import pytest

import rlcalc
from rlcalc.errors import InputError

STEPS = pl.DataFrame(
    {
        "episode": [0, 0, 0, 1, 1, 1],
        "state": list("abcabc"),
        "action": list("xyxyxy"),
        "reward": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    }
)


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_a_file_that_was_cut_off_is_told_so(kind: str, kept: float, tmp_path: Path) -> None:
    held = io.BytesIO()
    STEPS.write_parquet(held) if kind == "parquet" else STEPS.write_ipc(held)
    path = tmp_path / f"steps.{kind}"
    path.write_bytes(held.getvalue()[: int(kept * len(held.getvalue()))])
    with pytest.raises(InputError, match=f"this {kind} file cannot be read") as caught:
        rlcalc.load(path).whole()

    (fault,) = caught.value.faults
    assert fault.where == str(path)
    assert fault.fix == "if it was cut off or damaged, write it anew"


@pytest.mark.parametrize("name", ["run[1].parquet", "run-*.parquet", "run?.parquet"])
def test_a_file_whose_name_looks_like_a_glob_is_that_file_alone(name: str, tmp_path: Path) -> None:
    for other in ("run1.parquet", "run-2.parquet"):
        STEPS.head(1).write_parquet(tmp_path / other)
    STEPS.write_parquet(tmp_path / "plain.parquet")
    (tmp_path / "plain.parquet").rename(tmp_path / name)

    assert rlcalc.load(tmp_path / name).whole().n_steps == len(STEPS)


def test_a_bad_cell_is_told_by_its_row_in_the_file_whatever_the_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "steps.parquet"
    bad = pl.when(pl.col("reward") == 5.0).then(float("inf")).otherwise("reward")
    STEPS.with_columns(reward=bad).write_parquet(path, row_group_size=2)
    monkeypatch.setattr("rlcalc.readers.trajectories.parquet.ROWS", 2)
    with pytest.raises(InputError) as caught:
        rlcalc.load(path).whole()

    (fault,) = caught.value.faults
    assert fault.what == "reward is inf, expected a finite number"
    assert fault.where == f"{path}, row 5"


@pytest.mark.parametrize("state", [pl.Categorical(), pl.Enum(["c", "b", "a"]), pl.String()])
@pytest.mark.parametrize("reward", [pl.Float32(), pl.UInt8(), pl.Decimal(10, 2), pl.String()])
@pytest.mark.parametrize("episode", [pl.UInt32(), pl.Float64(), pl.String()])
def test_the_types_of_columns_do_not_matter(
    state: pl.DataType, reward: pl.DataType, episode: pl.DataType, tmp_path: Path
) -> None:
    path = tmp_path / "steps.parquet"
    STEPS.cast({"state": state, "reward": reward, "episode": episode}).write_parquet(path)
    batch = rlcalc.load(path).whole()

    assert batch.states.names() == ["a", "b", "c"]
    assert batch.reward.tolist() == [1, 2, 3, 4, 5, 6]
    assert batch.start.tolist() == [0, 3, 6]
    assert not batch.terminated.any()
