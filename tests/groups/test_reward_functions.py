"""Facts about each of several reward functions, worked out a second way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.groups.reward_functions import Inside
from rlcalc.rollouts import Rollouts

values = st.sampled_from([0.0, 0.25, 1.0, 3.0, np.nan])
columns = st.lists(st.tuples(st.integers(0, 3), values, values), min_size=1, max_size=20)


def facts(
    rewards: dict[str, list[float]], group: list[int], **optional: object
) -> dict[str, object]:
    rollouts = Rollouts.from_arrays(group, rewards, **optional)  # type: ignore[arg-type]
    return dict(rlcalc.group(rollouts, rows="summary").facts)


def test_an_example_on_paper() -> None:
    """Group 0 is decided by acc alone, 1 by style alone, 2 by both, 3 by neither."""
    found = facts(
        {"acc": [1, 0, 1, 1, 1, 0, 0, 0], "style": [2, 2, 2, 0, 2, 0, 1, 1]},
        [0, 0, 1, 1, 2, 2, 3, 3],
        length=[5, 3, 4, 4, 7, 1, 1, 1],
    )

    assert found["function_mean"] == {"acc": 0.5, "style": 1.25}
    assert found["function_spread"] == {
        "acc": pytest.approx((2 * 0.5 / 4) ** 0.5),
        "style": pytest.approx((2 * 2 / 4) ** 0.5),
    }
    assert found["decides_alone"] == {"acc": 1, "style": 1}
    # inside groups acc is ±.5 ±.5 twice, style ±1 ±1 twice, together in one group
    assert found["function_correlation"] == {"acc with style": pytest.approx(0.5)}
    # length is ±1 in group 0 and ±3 in group 2: Σ = 1 + 3 over √(1 · 20), 6 over √(4 · 20)
    assert found["function_length_correlation"] == {
        "acc": pytest.approx(4 / 20**0.5),
        "style": pytest.approx(6 / 80**0.5),
    }


def test_one_function_needs_no_facts() -> None:
    assert "function_mean" not in facts({"acc": [1, 0]}, [0, 0])


def test_a_weight_of_0_decides_nothing() -> None:
    rollouts = Rollouts.from_arrays(
        [0, 0], {"acc": [1, 0], "style": [1, 0]}, weights={"acc": 1.0, "style": 0.0}
    )

    assert rlcalc.group(rollouts, rows="summary").facts["decides_alone"] == {"acc": 1, "style": 0}


def test_where_nothing_differs_there_is_no_correlation() -> None:
    found = facts({"acc": [1, 1, 0, 0], "style": [0.1, 0.3, 0.1, 0.7]}, [0, 0, 1, 1])

    assert found["function_correlation"] == {"acc with style": None}
    assert found["function_spread"]["acc"] == 0  # type: ignore[index]


def starts(group: np.ndarray) -> np.ndarray:
    """Where the groups begin, and the end."""
    return np.concatenate([np.unique(group, return_index=True)[1], [len(group)]])


def inside(rows: list[tuple[int, float, float]]) -> list[tuple[float, float]]:
    """Each pair less the means of its group, over rows that have both."""
    known = [row for row in rows if not np.isnan(row[1:]).any()]
    left = []
    for group in sorted({row[0] for row in known}):
        part = np.array([row[1:] for row in known if row[0] == group])
        left += (part - part.mean(axis=0)).tolist()
    return left


@given(columns)
def test_a_correlation_is_that_of_what_is_left_of_the_groups_means(
    rows: list[tuple[int, float, float]],
) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    group, x, y = (np.array(column) for column in zip(*rows, strict=True))
    left = np.array(inside(rows)).reshape(-1, 2)
    found = Inside(starts(group)).correlation(x, y)
    if (np.abs(left).max(axis=0, initial=0.0) < 1e-12).any():
        assert found is None
    else:
        assert found == pytest.approx(np.corrcoef(left.T)[0, 1], abs=1e-12)


@given(columns)
def test_a_spread_is_the_within_mean_square_of_an_analysis_of_variance(
    rows: list[tuple[int, float, float]],
) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    group, x, _ = (np.array(column) for column in zip(*rows, strict=True))
    parts = [x[(group == g) & ~np.isnan(x)] for g in set(group.tolist())]
    free = sum(len(part) - 1 for part in parts if len(part))
    found = Inside(starts(group)).spread(x)
    if not free:
        assert found is None
    else:
        squares = sum(part.var() * len(part) for part in parts if len(part))
        assert found == pytest.approx((squares / free) ** 0.5, abs=1e-12)


@given(columns, st.floats(0.1, 9), st.floats(-5, 5))
def test_a_correlation_has_no_unit(
    rows: list[tuple[int, float, float]], scale: float, shift: float
) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    group, x, y = (np.array(column) for column in zip(*rows, strict=True))
    found = Inside(starts(group)).correlation(x, y)

    assert Inside(starts(group)).correlation(x * scale + shift, -y) == (
        None if found is None else pytest.approx(-found, abs=1e-9)
    )
