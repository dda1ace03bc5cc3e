"""Nesting: the scan of bytes says what a walk through the parsed lines says."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rlcalc.readers.nesting import DEEPEST, has_deep_line, is_deep


def depth(value: Any) -> int:
    if not isinstance(value, list | dict):
        return 0
    parts = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, parts), default=0)


TEXTS = st.text(st.sampled_from('[]{}"\\a,:\n'), max_size=90)


@st.composite
def lines(draw: st.DrawFn) -> Any:
    """A value in lists and mappings around the limit, beside texts that look like brackets."""
    value: Any = draw(TEXTS)
    for _ in range(draw(st.sampled_from([0, 1, 5, DEEPEST - 1, DEEPEST, DEEPEST + 1, 90]))):
        beside = draw(st.sampled_from(["", "]", "[", "}{", '"]"\\']))
        value = [beside, value] if draw(st.booleans()) else {beside: beside, "k": value}
    return value


@given(st.lists(lines(), min_size=1, max_size=4))
def test_the_scan_is_a_walk(values: list[Any]) -> None:
    texts = list(map(json.dumps, values))

    assert has_deep_line("\n".join(texts).encode()) == any(depth(v) > DEEPEST for v in values)
    for value, text in zip(values, texts, strict=True):
        assert is_deep(value, text) == (depth(value) > DEEPEST)
