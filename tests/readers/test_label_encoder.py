"""Labels in columns get numbers by first appearance, and keep them in every batch."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

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
