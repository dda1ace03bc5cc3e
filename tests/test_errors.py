"""Errors say what is wrong, where, and how to fix it, whatever text a file holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import (
    Fault,
    InputError,
    NotConverged,
    RlcalcError,
    ShapeError,
    UsageError,
    listed,
    meant,
    nearest,
    shown,
)


@given(st.text(max_size=100), st.integers(2, 90))
def test_text_from_a_file_never_reaches_the_terminal_as_control_characters(
    text: str, limit: int
) -> None:
    plain = shown(text, limit)

    assert plain.isprintable()
    assert plain == text or len(text) > limit or not text.isprintable()


def test_long_text_is_cut_at_its_limit() -> None:
    assert shown("abcdef", 4) == "abc…"
    assert shown("abcd", 4) == "abcd"


@given(st.integers(0, 12), st.integers(1, 12), st.integers(0, 5))
def test_what_is_listed_and_what_is_only_counted_are_all(n: int, most: int, unseen: int) -> None:
    words = [f"w{i}" for i in range(n)]
    text = listed(words, most, total=n + unseen)
    named = text.count("w")
    counted = int(text.split(" and ")[1].split()[0]) if text.endswith(" more") else 0

    assert named == min(n, most)
    assert named + counted == n + unseen


def test_a_list_reads_as_in_a_sentence() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed("abc") == "a, b and c"
    assert listed(["a"], total=1235) == "a and 1,234 more"


def test_the_nearest_name_is_found_in_any_case_and_given_as_it_is_known() -> None:
    assert nearest("REWRD", ["State", "Reward"]) == "Reward"
    assert nearest("xyz", []) is None
    assert meant("REWRD", ["Re\x1bward"]) == "did you mean Re\\x1bward? "


def test_short_words_must_be_more_alike() -> None:
    """Words of three letters share two of them by chance, as foo and opo do."""
    assert nearest("foo", ["opo"]) is None
    assert nearest("env", ["envs"]) == "envs"


def test_one_error_carries_all_faults_in_their_order() -> None:
    faults = [Fault("first", "here", "mend it"), Fault("second"), Fault("third", fix="so")]
    error = InputError.of(iter(faults))

    assert type(error) is InputError
    assert error.faults == faults
    assert str(error).splitlines() == [
        "first", "  where: here", "  fix:   mend it", "second", "third", "  fix:   so",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "code"),
    [(RlcalcError, 70), (UsageError, 2), (InputError, 3), (ShapeError, 3), (NotConverged, 4)],
)
def test_exit_codes_tell_the_kinds_apart(kind: type[RlcalcError], code: int) -> None:
    with pytest.raises(RlcalcError, match="wrong") as caught:
        raise kind.of([Fault("wrong")])

    assert caught.value.exit_code == code
