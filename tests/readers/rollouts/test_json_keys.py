"""Lines with keys that are new, or stand there twice, are found in their bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.readers.rollouts import json_keys
from rlcalc.readers.rollouts.json_keys import keys_of, unusual_lines

NAMES = [
    "a", "ab", "abc", "length", "e_length", "response_length", "my_response_length",
    "xx_my_response_length", "12345678", "2345678", "", "é",
]  # fmt: skip
VALUES = st.recursive(
    st.sampled_from([1, None, True, "t", '":', '"length":', "\\", '\\":', "{", "a: 1", "\n"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=4,
)
RECORDS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4)
KNOWN = st.sets(st.sampled_from(NAMES))


def all_keys(value: Any) -> list[str]:
    """The keys of a value, in the order in which they are written."""
    if isinstance(value, dict):
        return [key for name, inner in value.items() for key in (name, *all_keys(inner))]
    return [key for inner in value for key in all_keys(inner)] if isinstance(value, list) else []


@given(RECORDS, st.sampled_from([":", ": ", "\t : "]))
def test_the_keys_of_a_line_are_those_of_its_value(record: dict[str, Any], colon: str) -> None:
    line = json.dumps(record, ensure_ascii=False, separators=(",", colon))

    assert sorted(key.decode() for key in keys_of(line.encode())) == sorted(all_keys(record))


@given(st.lists(st.tuples(RECORDS, st.booleans()), min_size=1), RECORDS, KNOWN, st.data())
def test_every_unknown_key_stands_in_a_line_that_is_found(
    lines: list[tuple[dict[str, Any], bool]], usual: dict[str, Any], known: set[str], data: Any
) -> None:
    """Blank lines, spaces before colons and lines that are all alike do not matter."""
    records = [usual if plain else record for record, plain in lines]
    texts = []
    for record in records:
        colon = data.draw(st.sampled_from([":", ": ", " : "]))
        blank = data.draw(st.sampled_from(["", "\n"]))
        texts.append(blank + json.dumps(record, ensure_ascii=False, separators=(", ", colon)))
    text = "\n".join(texts)
    written = {name.encode() for name in known}
    found = set(unusual_lines(text.encode(), written, written).tolist())
    rows = [row for row, line in enumerate(text.split("\n")) if line.strip()]
    unknown = {key for record in records for key in all_keys(record)} - known
    parsed = [
        key for row, one in zip(rows, records, strict=True) if row in found for key in all_keys(one)
    ]

    assert unknown <= set(parsed)


@given(st.lists(RECORDS, min_size=1, max_size=5), st.data())
def test_every_line_with_a_key_twice_is_found(records: list[dict[str, Any]], data: Any) -> None:
    """Wherever it stands, as long as the key is one that is looked for."""
    place = data.draw(st.integers(0, len(records) - 1))
    name = data.draw(st.sampled_from(NAMES))
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    inside = lines[place][1:-1]
    middle = f", {inside}, " if inside else ", "
    quoted = json.dumps(name, ensure_ascii=False)
    lines[place] = f"{{{quoted}: 1{middle}{quoted}: 2}}"
    known = {key.encode() for key in NAMES}

    assert place in unusual_lines("\n".join(lines).encode(), known, known)


@given(
    st.integers(20, 60),
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True),
    st.booleans(),
)
def test_lines_of_another_run_behind_a_long_one_are_seen(
    n: int, keys: list[str], behind: bool
) -> None:
    """Two runs in one file may write as many keys each; one of a few lines would do, at an end."""
    first = b'{"reward": 1, "group": "q"}\n' * n
    second = b"".join(b'{"reward": 1, "%s": "q"}\n' % key.encode() for key in keys)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_keys, "LONG", 400)
        text = first + second if behind else second + first
        odd = unusual_lines(text, [b"reward", b"group"], [b"reward"]).tolist()

    begin = n if behind else 0
    assert odd == list(range(begin, begin + len(keys)))


@given(st.integers(1, 80), st.integers(0, 79), st.sampled_from([b', "new": 2', b', "reward": 2']))
def test_a_key_more_is_seen_wherever_it_stands_in_a_long_text(
    n: int, place: int, more: bytes
) -> None:
    lines = [b'{"reward": 1, "text": "a\\"b:"}'] * n
    lines[place % n] = lines[place % n][:-1] + more + b"}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_keys, "LONG", 300)
        odd = unusual_lines(b"\n".join(lines), [b"reward", b"text"], [b"reward"]).tolist()

    assert odd == [place % n]
