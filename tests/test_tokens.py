import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError, ShapeError
from rlcalc.tokens import Tokens, joined


def test_rows_of_a_table_are_rollouts_and_one_advantage_holds_for_all_tokens() -> None:
    tokens = Tokens.from_arrays(
        log_prob=[[-1.0, -2.0], [-3.0, -4.0]], mask=[[1, 0], [1, 1]], advantage=[0.5, -0.5]
    )

    assert tokens.start.tolist() == [0, 2, 4]
    assert tokens.length.tolist() == [1, 2]
    assert tokens.advantage is not None
    assert tokens.advantage.tolist() == [0.5, 0.5, -0.5, -0.5]
    assert tokens.t.tolist() == [0, 1, 0, 1]
    assert tokens.where(3) == "the arrays, row 2, token 1"


@given(sizes=st.lists(st.integers(0, 4), min_size=2, max_size=6), at=st.integers(0, 6))
def test_parts_joined_are_the_whole(sizes: list[int], at: int) -> None:
    start = np.concatenate([[0], np.cumsum(sizes)])
    tokens = Tokens.from_arrays(
        start=start,
        log_prob=-np.arange(start[-1]) - 1.0,
        group=[f"g{n}" for n in range(len(sizes))],
    )
    cut = min(at, len(sizes))
    both = joined([part for part in (tokens.part(0, cut), tokens.part(cut, len(sizes)))])

    assert both.start.tolist() == tokens.start.tolist()
    assert both.log_prob is not None
    assert tokens.log_prob is not None
    assert both.log_prob.tolist() == tokens.log_prob.tolist()
    assert list(np.asarray(both.group)) == list(np.asarray(tokens.group))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"log_prob": [-1.0]}, "nothing tells where a rollout begins"),
        ({"start": [0, 2], "log_prob": [-1.0]}, "log_prob has 1 entries, expected 2"),
        ({"start": [0, 1], "surprise": [1.0]}, "no field surprise"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(columns: dict[str, object], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        Tokens.from_arrays(**columns)  # type: ignore[arg-type]


def test_a_mask_is_0_or_1() -> None:
    with pytest.raises(InputError, match="the mask holds 2"):
        Tokens.from_arrays(start=[0, 2], mask=[1, 2])


@pytest.mark.parametrize(
    ("value", "message"),
    [(0.5, "above 0"), (float("nan"), "not a finite number"), (-np.inf, "not a finite number")],
)
def test_a_wrong_log_probability_is_named_with_its_row(value: float, message: str) -> None:
    how = {"start": [0, 1, 3], "advantage": [1.0, 1.0, 1.0]}
    tokens = Tokens.from_arrays(log_prob=[-1.0, -1.0, value], **how)
    masked = Tokens.from_arrays(log_prob=[-1.0, -1.0, value], mask=[1, 1, 0], **how)

    with pytest.raises(InputError, match=f"{message}\n  where: the arrays, row 2, token 1"):
        rlcalc.objective(tokens)
    assert rlcalc.objective(masked).facts["tokens"] == 2


def test_the_rounding_of_float32_is_no_probability_above_1() -> None:
    tokens = Tokens.from_arrays(start=[0, 1], log_prob=[1e-7], advantage=[1.0])

    assert rlcalc.objective(tokens).facts["loss"] == pytest.approx(-1.0)
