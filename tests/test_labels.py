"""Labels get numbers in the order of their first appearance, and are shown as they were written."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.labels import Labels, Numbers, number_of_label, text_of_label

texts = st.lists(st.sampled_from(["a", "b", "", "1", "1.0", "01", "true"]), max_size=20)


@given(texts, st.integers(0, 20))
def test_numbers_count_first_appearances_however_the_labels_come(
    given_: list[str], cut: int
) -> None:
    labels = Labels()
    codes = [*labels.encode(given_[:cut]), *labels.encode(given_[cut:])]

    assert labels.texts == list(dict.fromkeys(given_))
    assert [labels.texts[code] for code in codes] == given_


numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(numbers)
def test_a_number_is_its_text_and_the_text_gives_it_back(value: float) -> None:
    text = text_of_label(value)

    assert text_of_label(text) == text
    assert number_of_label(text) == value
    assert text_of_label(str(value)) == text == text_of_label(json.dumps(value))
    assert value == round(value) if "." not in text and "e" not in text else True


@given(st.integers(-(2**53), 2**53))
def test_a_whole_number_is_one_label_however_it_is_written(whole: int) -> None:
    written = [
        whole,
        float(whole),
        f"{whole}.0",
        f"{whole}e0",
        f"{whole}.00E+0",
        f"{whole * 10}e-1",
    ]
    written += [np.float64(whole).item(), np.float32(whole).item()][: 1 + (abs(whole) < 2**24)]

    assert {text_of_label(value) for value in written} == {str(whole)}


@pytest.mark.parametrize("zero", [0, 0.0, -0.0, "0", "-0", "0.0", "-0.0", "0e0", "0e5", "-0E-3"])
def test_there_is_one_zero(zero: object) -> None:
    assert text_of_label(zero) == "0"


@pytest.mark.parametrize(
    "text",
    ["01", "+1", "1_000", " 1", "1 ", "1.", ".5", "inf", "nan", "-", "\u0661", "0x1", "1e999"],
)
def test_text_that_json_does_not_read_as_a_number_is_a_word(text: str) -> None:
    assert text_of_label(text) == text
    assert number_of_label(text) is None


def test_truth_is_not_a_number() -> None:
    assert [text_of_label(value) for value in (True, "true", 1)] == ["true", "true", "1"]
    assert text_of_label([True, 1]) != text_of_label([1, 1])


lists = st.recursive(
    numbers | st.text(max_size=4) | st.booleans(), lambda e: st.lists(e, max_size=3)
)


@given(st.lists(lists, max_size=4))
def test_a_list_is_its_elements_however_it_is_written(value: list[object]) -> None:
    text = text_of_label(value)

    assert text_of_label(json.loads(text)) == text
    assert text_of_label(json.dumps(value)) == text == text_of_label(json.dumps(value, indent=1))


@given(st.lists(numbers, max_size=3), st.lists(numbers, max_size=3))
def test_lists_are_equal_where_their_numbers_are(one: list[float], other: list[float]) -> None:
    assert (text_of_label(one) == text_of_label(other)) == (one == other)


@pytest.mark.parametrize("text", ["[", "[1", "[1,]", "[01]", "[" * 100_000])
def test_text_that_begins_like_a_list_is_a_word(text: str) -> None:
    assert text_of_label(text) == text


@given(st.lists(numbers, min_size=1))
def test_numbers_are_shown_as_numbers(values: list[float]) -> None:
    """Whole ones as such, even beside fractions."""
    names = Labels(map(text_of_label, values)).names()

    assert names == list(dict.fromkeys(values))
    assert all(isinstance(name, int) == (name == int(name)) for name in names)


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
    assert Labels(["0.5", "2"]).named(codes).tolist() == [2, 0.5, 2]
    assert Labels(["0.5", "2"]).named(codes).dtype == object
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


def test_only_the_first_of_many_labels_are_text() -> None:
    for labels in (Labels(map(str, range(12))), Numbers(np.arange(12))):
        assert labels.first_texts(np.arange(2, 12)) == list("23456789")


@given(
    known=st.lists(st.text(max_size=3), max_size=8),
    texts=st.lists(st.text(max_size=3), max_size=20),
)
def test_many_labels_are_numbered_as_one_by_one(known: list[str], texts: list[str]) -> None:
    together, one_by_one = Labels(known), Labels(known)

    assert together.encode(iter(texts)).tolist() == [one_by_one.code(text) for text in texts]
    assert together.texts == one_by_one.texts
