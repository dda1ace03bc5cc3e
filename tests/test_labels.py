"""Labels get numbers in the order of their first appearance, and are shown as they were written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.labels import Labels, Numbers

texts = st.lists(st.sampled_from(["a", "b", "", "1", "1.0", "01", "true"]), max_size=20)


@given(texts, st.integers(0, 20))
def test_numbers_count_first_appearances_however_the_labels_come(
    given_: list[str], cut: int
) -> None:
    labels = Labels()
    codes = [*labels.encode(given_[:cut]), *labels.encode(given_[cut:])]

    assert labels.texts == list(dict.fromkeys(given_))
    assert [labels.texts[code] for code in codes] == given_


@given(st.lists(st.integers() | st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_a_number_shown_is_the_text_that_was_written(values: list[float]) -> None:
    """Whole numbers beside fractions would be shown as 1.0, so all of them stay text."""
    written = list(dict.fromkeys(map(str, values)))
    names = Labels(written).names()

    assert [str(name) for name in names] == written
    assert len({type(name) for name in names}) == 1
    if len({type(value) for value in values}) == 1:
        assert type(names[0]) is type(values[0])


@pytest.mark.parametrize("text", ["01", "+1", "1_000", "1e3", " 1", "inf", "nan", "-0", "\u0661"])
def test_text_that_python_would_read_as_a_number_stays_text(text: str) -> None:
    assert Labels([text]).names() == [text]


def test_labels_that_somebody_wrote_as_text_are_shown_as_text() -> None:
    assert Labels(["1", "2"], textual=True).names() == ["1", "2"]
    assert Labels(["1", "2"]).names() == [1, 2]


def test_arrays_of_names_keep_numbers_as_numbers_and_else_hold_objects() -> None:
    codes = np.array([1, 0, 1])

    assert Labels(["10", "2"]).named(codes).dtype.kind == "i"
    assert Labels(["10", "2"]).named(codes).tolist() == [2, 10, 2]
    assert Labels(["a long name", "b"]).named(codes).dtype == object
    assert Labels().named(codes[:0]).tolist() == []


@given(st.lists(st.integers(-50, 50), unique=True).map(sorted))
def test_whole_numbers_without_text_are_the_labels_that_their_texts_would_be(
    values: list[int],
) -> None:
    numbers, labels = Numbers(np.array(values, dtype=np.int64)), Labels(map(str, values))
    codes = np.arange(len(values))[::-1]

    assert len(numbers) == len(labels)
    assert numbers.names() == labels.names()
    assert numbers.named(codes).tolist() == labels.named(codes).tolist()
    assert [numbers.code(text) for text in labels.texts] == list(range(len(values)))
    assert "51" not in numbers
