"""Differences of two answers: on paper, as identities, and as often beyond 2 se as they should."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.comparison.compare import compare_answers
from rlcalc.comparison.tolerance import Tolerance
from rlcalc.errors import InputError, UsageError
from rlcalc.result import Column, Result


def answer(
    values: dict[str, float], errors: dict[str, float] | None = None, **facts: float
) -> Result:
    """V of states, with errors."""
    columns = {"state": Column(list(values), "key"), "v": Column(list(values.values()))}
    if errors is not None:
        columns["v_se"] = Column([errors.get(state) for state in values], "error")
    return Result("", "an answer", columns, facts)


def test_on_paper() -> None:
    """3 − 1 = 2 with the errors 3 and 4: se = 5, z = 0.4."""
    one = answer({"a": 3.0, "b": 1.0}, {"a": 3.0})
    two = answer({"b": 1.0, "a": 1.0, "c": 7.0}, {"a": 4.0})
    result = compare_answers(one, two, within=Tolerance(1.0))

    assert result["state"].tolist() == ["a", "b"]
    assert result["difference"].tolist() == [2.0, 0.0]
    assert result["se"][0] == 5.0
    assert math.isnan(result["se"][1])
    assert result["z"][0] == 0.4
    assert result.facts["largest_at"] == "v of a"
    assert result.facts["root_mean_square"] == math.sqrt(2)
    assert (result.facts["compared"], result.facts["only_second"]) == (2, 1)
    assert result.facts["beyond"] == 2  # a, and c, which the first lacks
    assert result.notes == ["the second alone has 1 values, such as v of c"]


states = st.dictionaries(
    st.sampled_from("abcdef"),
    st.floats(-1e6, 1e6) | st.sampled_from([math.inf, -math.inf]),
    min_size=1,
)


@given(states, states)
def test_a_difference_turns_its_sign_with_the_order(
    one: dict[str, float], two: dict[str, float]
) -> None:
    if not set(one) & set(two):
        with pytest.raises(InputError, match="is in both"):
            compare_answers(answer(one), answer(two))
        return
    there, back = (
        compare_answers(answer(one), answer(two)),
        compare_answers(answer(two), answer(one)),
    )
    by_state = dict(zip(back["state"].tolist(), back["difference"].tolist(), strict=True))

    assert [-by_state[state] for state in there["state"].tolist()] == there["difference"].tolist()
    assert there.facts["only_first"] == back.facts["only_second"] == len(set(one) - set(two))


@given(states)
def test_nothing_differs_from_itself(one: dict[str, float]) -> None:
    result = compare_answers(answer(one, {"a": 1.0}), answer(one), within=Tolerance(0.0))

    assert result.facts["largest_difference"] == result.facts["beyond"] == 0


@pytest.mark.parametrize(
    ("within", "beyond"),
    [(Tolerance(0.5), 2), (Tolerance(1.0), 0), (Tolerance(0.1, "r"), 0), (Tolerance(0.01, "r"), 2),
     (Tolerance(2.0, "se"), 0), (Tolerance(1.0, "se"), 1)],
)  # fmt: skip
def test_tolerances(within: Tolerance, beyond: int) -> None:
    """Both differ by 1, from values up to 10: by 2 standard errors, and by an unknown number."""
    one = answer({"a": 1.0, "b": 11.0}, {"a": 0.5})

    assert (
        compare_answers(one, answer({"a": 0.0, "b": 10.0}), within=within).facts["beyond"] == beyond
    )


def test_proven_bounds_are_no_difference() -> None:
    one, two = answer({"a": 1.0}, bound=0.02), answer({"a": 1.05}, bound=0.03)

    assert compare_answers(one, two, within=Tolerance(0.0)).facts["beyond"] == 1  # 1.05 rounds up
    assert compare_answers(one, two, within=Tolerance(1e-9)).facts["beyond"] == 0


def test_v_of_a_row_an_action_is_compared_once_a_state() -> None:
    solved = rlcalc.solve("student")
    result = compare_answers(solved, answer({"class1": 6.0, "class2": 7.5}))

    assert result["state"].tolist() == ["class1", "class2"]
    assert result["difference"].tolist() == [0.0, 0.5]


def test_z_has_the_spread_of_a_normal_number() -> None:
    """Of 400 estimates 5 % are beyond 1.96 standard errors, give or take 4 times 1.1 %."""
    exact = rlcalc.solve("student", policy="uniform")
    runs = (rlcalc.simulate("student", 200, policy="uniform", seed=seed) for seed in range(400))
    z = [rlcalc.compare(run, exact, of="v")["z"][0] for run in runs]

    assert 0.006 < np.mean(np.abs(z) > 1.96) < 0.094


def test_what_cannot_be_compared() -> None:
    one = answer({"a": 1.0})
    with pytest.raises(UsageError, match="both do not have such a column"):
        compare_answers(one, one, of=["q"])
    with pytest.raises(InputError, match="no column that names a row in common"):
        compare_answers(one, Result("", "", {"v": Column([1.0])}, {}))
    with pytest.raises(UsageError, match="neither has standard errors"):
        compare_answers(one, one, within=Tolerance(3.0, "se"))
    twice = Result("", "t", {"state": Column(["a", "a"], "key"), "v": Column([1.0, 2.0])}, {})
    with pytest.raises(InputError, match=r"v of a is 1.0 and 2.0"):
        compare_answers(one, twice)
