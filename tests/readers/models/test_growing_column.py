"""A growing column is its parts, in the smallest type that holds them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.readers.models import growing_column
from rlcalc.readers.models.growing_column import GrowingColumn


@given(st.lists(st.lists(st.integers(-(2**33), 2**33), max_size=5), min_size=1, max_size=5))
def test_a_growing_column_is_its_parts_in_a_row(parts: list[list[int]]) -> None:
    """Whole numbers that need more than 32 bits may come late: what was there before stays."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growing_column, "LEAST_ROOM", 1)
        growing = GrowingColumn()
        for part in parts:
            growing.extend(np.array(part, dtype=np.int64))

    assert growing.whole().tolist() == [value for part in parts for value in part]
    assert len(growing) == sum(map(len, parts))
