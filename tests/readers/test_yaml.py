"""YAML 1.2 from libyaml's events: how deep a document may be nested."""

import pytest

from rlcalc import InputError
from rlcalc.readers.yaml import DEEPEST, parse


@pytest.mark.parametrize("n_levels", [DEEPEST + 1, 999, 1_001, 100_000])
@pytest.mark.parametrize("opening", ["[", "- ", "{a: "])
def test_too_deep_is_one_error_whoever_notices_it(opening: str, n_levels: int) -> None:
    """PyYAML stops scanning at 1,000 levels, before our own limit has seen the first of them."""
    with pytest.raises(InputError, match=f"nested more than {DEEPEST} levels deep") as caught:
        parse(opening * n_levels, "deep.yaml")

    assert "deep.yaml, line 1" in caught.value.faults[0].where
    assert caught.value.faults[0].fix


def test_the_deepest_document_that_is_allowed_is_read() -> None:
    assert parse("[" * DEEPEST + "]" * DEEPEST, "deep.yaml").value is not None


def test_1_and_true_are_two_keys() -> None:
    assert parse("{1: a, true: b, 0: c, false: d}", "m").value == {
        1: "a",
        "true": "b",
        0: "c",
        "false": "d",
    }
    with pytest.raises(InputError, match="key true comes twice"):
        parse("{true: a, 'true': b}", "m")
