"""Frames that come one after the other are one frame, of which only what is needed is read."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.readers.frame_source import lazy_frame

SCHEMA = pl.Schema({"x": pl.Int64(), "y": pl.String()})


@given(st.lists(st.lists(st.integers(-3, 3), max_size=4), max_size=5), st.integers(0, 12))
def test_it_has_the_rows_of_all_frames(parts: list[list[int]], n: int) -> None:
    whole = [pl.DataFrame({"x": part, "y": [str(x) for x in part]}, SCHEMA) for part in parts]
    lazy = lazy_frame(SCHEMA, lambda names: (frame.select(names) for frame in whole))
    together = pl.concat([pl.DataFrame(schema=SCHEMA), *whole])

    assert lazy.collect().equals(together)
    assert lazy.head(n).collect().equals(together.head(n))
    assert lazy.filter(pl.col("x") > 0).collect().equals(together.filter(pl.col("x") > 0))


def test_only_the_columns_and_frames_that_are_needed_are_read() -> None:
    asked: list[list[str]] = []
    read: list[int] = []

    def frames(names: list[str]):
        asked.append(names)
        for number in range(3):
            read.append(number)
            yield pl.DataFrame({"x": [number], "y": ["a"]}).select(names)

    assert lazy_frame(SCHEMA, frames).select("x").head(1).collect().to_dicts() == [{"x": 0}]
    assert asked == [["x"]]
    assert read == [0]
