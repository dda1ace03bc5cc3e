"""Origins: those of some of the rollouts, each still beside its own ids."""

import numpy as np
import polars as pl
import pytest

from rlcalc.origins import Origins


@pytest.mark.parametrize("rows", [[], [2], [1, 0, 1]])
def test_what_is_gathered_stays_together(rows: list[int]) -> None:
    ids = {"uid": pl.Series(["a", "b", "c"])}
    file = np.array([0, 0, 1])
    origins = Origins(np.array([5, 7, 1]), file, ["x", "y"], ids)
    some = origins.gather(np.array(rows, np.int64))

    assert len(some) == len(rows)
    assert some.row.tolist() == [[5, 7, 1][row] for row in rows]
    assert some.ids["uid"].to_list() == ["abc"[row] for row in rows]
    assert some.file is not None
    assert some.file.tolist() == file[rows].tolist()
