from hypothesis import given
from hypothesis import strategies as st

from rlcalc.renderers.pictures.labels import LONGEST, label_texts


@given(st.lists(st.text(max_size=60)))
def test_different_names_stay_different_and_short(names: list[str]) -> None:
    texts = label_texts(names)

    assert list(texts) == list(dict.fromkeys(names))
    assert len(set(texts.values())) == len(texts)
    assert all(text.isprintable() for text in texts.values())


def test_a_long_name_is_cut() -> None:
    (text,) = label_texts(["x" * 100]).values()

    assert text == "x" * (LONGEST - 1) + "…"


def test_a_missing_name_is_a_dash() -> None:
    assert label_texts([None]) == {None: "–"}
