"""`group` from shards has the bytes of one reading, wherever groups are cut."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import UsageError
from tests.shards.conftest import Cut


def log_of_rollouts(seed: int, n: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "prompt_id": np.sort(random.integers(0, n // 4 + 1, n)),
            "step": random.integers(0, 2, n),
            "reward": random.integers(0, 3, n) / 2,
            "length": random.integers(1, 50, n),
        }
    )


@pytest.mark.parametrize("rows", ["rollouts", "groups", "steps", "summary"])
def test_groups_that_files_cut_are_whole(cut: Cut, rows: Any) -> None:
    names = cut(log_of_rollouts(1, 200), [3, 50, 51, 140])
    how: dict[str, Any] = {"group": "prompt_id", "rows": rows}
    one = rlcalc.group(names, "grpo", **how)
    parts = [
        rlcalc.partial("group", names, estimators=["grpo"], shard=f"{n}/2", **how) for n in (1, 2)
    ]
    for many in (
        rlcalc.by_shards("group", names, estimators=["grpo"], jobs=2, **how),
        rlcalc.merge(*parts),
    ):
        assert list(many.rows()) == list(one.rows())
        assert many.plain_facts() == one.plain_facts()
        assert many.notes == one.notes


@settings(max_examples=15)
@given(seed=st.integers(0, 1000), size=st.integers(1, 6))
def test_groups_that_are_runs_of_rows_are_numbered_through(
    tmp_path_factory: pytest.TempPathFactory, seed: int, size: int
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    frame = log_of_rollouts(seed, 60).drop("prompt_id", "step")
    names = []
    for number, (first, end) in enumerate([(0, 24), (24, 36), (36, 60)]):
        names.append(str(folder / f"{number}.parquet"))
        frame[first:end].write_parquet(names[-1])
    one = rlcalc.group(names, group_size=size, rows="groups")
    many = rlcalc.by_shards("group", names, group_size=size, rows="groups")

    assert list(many.rows()) == list(one.rows())


@pytest.mark.parametrize("arguments", [{"rows": "branches"}, {"why": "3"}, {"by": "words"}])
def test_what_needs_the_texts_is_refused(cut: Cut, arguments: dict[str, Any]) -> None:
    names = cut(log_of_rollouts(1, 20), [])
    with pytest.raises(UsageError, match="from shards"):
        rlcalc.by_shards("group", names, group="prompt_id", **arguments)


def test_a_file_that_is_named_twice_is_one_shard(cut: Cut) -> None:
    names = cut(log_of_rollouts(1, 20), [10])
    one = rlcalc.group([*names, names[0]], group="prompt_id", rows="groups")
    many = rlcalc.by_shards("group", [*names, names[0]], group="prompt_id", rows="groups")

    assert list(many.rows()) == list(one.rows())
    assert len(many.sources) == 2
