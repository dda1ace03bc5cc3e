"""Labels in columns get numbers by first appearance, and keep them in every batch."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.labels import Labels
from rlcalc.readers.label_encoder import LabelEncoder, as_text


@given(st.lists(st.lists(st.sampled_from("abcdefg") | st.none(), max_size=8), max_size=5))
def test_labels_are_numbered_by_appearance_and_keep_their_numbers(
    frames: list[list[str | None]],
) -> None:
    """Polars numbers categories its own way, and forgets those that no column uses."""
    labels = Labels()
    book = LabelEncoder(labels)
    codes = [
        code
        for texts in frames
        for code in book.codes(
            pl.DataFrame({"x": texts}, schema={"x": pl.String})
            .select(book.category(pl.col("x")))
            .to_series()
        )
    ]
    flat = [text for texts in frames for text in texts]

    assert labels.texts == list(dict.fromkeys(text for text in flat if text is not None))
    assert [None if code < 0 else labels.texts[code] for code in codes] == flat


def test_lists_and_numbers_are_labels_as_json_writes_them() -> None:
    frame = pl.DataFrame({"list": [[1, 2], None], "float": [0.5, None], "flag": [True, False]})
    texts = frame.select(as_text(pl.col(name), kind) for name, kind in frame.schema.items())

    assert texts.rows() == [("[1,2]", "0.5", "true"), (None, None, "false")]


@given(
    blocks=st.lists(
        st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-20, 20), max_size=20),
        max_size=5,
    )
)
def test_whole_numbers_are_numbered_as_their_texts_are(blocks: list[list[int | None]]) -> None:
    by_text, by_number = LabelEncoder(Labels()), LabelEncoder(Labels())
    for block in blocks:
        numbers = pl.Series(block, dtype=pl.Int64)
        categories = numbers.to_frame("x").select(by_text.category(pl.col("x").cast(pl.String)))
        expected = by_text.codes(categories.to_series())
        assert by_number.codes(numbers).tolist() == expected.tolist()
    assert by_number.labels.texts == by_text.labels.texts


@pytest.mark.parametrize("kind", [pl.Int8, pl.UInt32, pl.Int64, pl.UInt64])
def test_labels_of_any_type_of_whole_numbers_are_the_same(kind: Any) -> None:
    frame = pl.DataFrame(
        {
            "state": [3, 100, 3],
            "action": [0, 1, 0],
            "reward": [1.0, 2.0, 3.0],
            "trajectory": [1, 1, 2],
        }
    ).with_columns(pl.col("state").cast(kind))
    result = rlcalc.estimate(frame.with_columns(terminated=pl.Series([False, True, True])))

    assert result["state"].tolist() == [3, 100]
    assert result["v"].tolist() == [3.0, 2.0]
