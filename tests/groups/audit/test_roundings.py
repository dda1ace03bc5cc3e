"""What numbers look rounded to."""

import numpy as np
import pytest

from rlcalc.groups.audit.roundings import Rounding, roundings


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.71, -1.4], ["2 decimals", "2 significant digits"]),
        ([1.2, 0.3], ["1 decimal", "2 significant digits"]),
        ([1.234, 0.01234], ["5 decimals", "4 significant digits"]),
        ([1.5, -0.25], ["2 decimals", "2 significant digits", "bfloat16"]),
        ([1 + 2**-10, 0.5], ["float16"]),
        ([1 / 3, 2 / 3], []),
        ([1.0, -2.0], []),
        ([], []),
    ],
)
def test_what_is_shown(values: list[float], expected: list[str]) -> None:
    assert list(map(str, roundings(np.array(values, float)))) == expected


def test_zero_is_exact_but_for_decimals() -> None:
    values = np.array([0.0, 0.71])

    np.testing.assert_allclose(Rounding("decimal", 2).unit(values), [0.01, 0.01])
    np.testing.assert_allclose(Rounding("significant digit", 2).unit(values), [0, 0.01])
