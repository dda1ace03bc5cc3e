"""Counts of bytes: as `bytes.count` has them, also over the borders of parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.readers.byte_counts import JsonMarks, count_byte

blocks = st.lists(st.sampled_from([b'"', b":", b"\n", b"{", b"[", b"}", b"a"])).map(b"".join)


@given(blocks, st.integers(1, 9))
def test_marks_are_those_that_bytes_count(block: bytes, part: int) -> None:
    """A quote may be the last byte of a part, and its colon the first of the next."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rlcalc.readers.byte_counts.PART", part)
        marks = JsonMarks.of(block)
        assert count_byte(block, b"\n") == block.count(b"\n")

    assert marks == JsonMarks(
        n_begun=(b"\n" + block).count(b"\n{"),
        n_quotes=block.count(b'"'),
        n_colons=block.count(b":"),
        n_keys=block.count(b'":'),
        n_open=block.count(b"{") + block.count(b"["),
    )
