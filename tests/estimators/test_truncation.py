import numpy as np
import pytest

import rlcalc
from rlcalc import Trajectories
from rlcalc.errors import InputError, UsageError
from rlcalc.estimators.truncation import Truncation


def cut_at_three(**optional: list[float]) -> Trajectories:
    """A reward of 1 a step; the first trajectory ended by itself, the second was cut."""
    return Trajectories.from_arrays(
        ["s", "t", "u"] * 2,
        ["a"] * 6,
        [1.0] * 6,
        length=[3, 3],
        terminated=[True, False],
        truncated=[True, True],
        **optional,  # type: ignore[arg-type]
    )


def values(truncated: str, batch: Trajectories) -> dict[str, float]:
    result = rlcalc.estimate(batch, gamma=0.5, truncated=truncated, of="v")
    return dict(zip(result["state"].tolist(), result["v"].tolist(), strict=True))


def test_keep_takes_gains_as_they_are() -> None:
    assert values("keep", cut_at_three()) == {"s": 1.75, "t": 1.5, "u": 1.0}


def test_terminated_wins_where_both_flags_are_set() -> None:
    result = rlcalc.estimate(cut_at_three(), gamma=0.5)

    assert result.facts["terminated"] == 1
    assert result.facts["truncated"] == 1


def test_drop_leaves_out_what_was_cut() -> None:
    result = rlcalc.estimate(cut_at_three(), gamma=0.5, truncated="drop")

    assert set(result["n"]) == {1}
    assert result.facts["truncated_policy"] == "drop"


def test_bootstrap_adds_the_value_of_the_state_after() -> None:
    """V(s_4) = 8: gains 1.75 + 0.125·8, 1.5 + 0.25·8, 1 + 0.5·8, meaned with 1.75, 1.5, 1."""
    batch = cut_at_three(last_value=[float("nan"), 8.0])

    assert values("bootstrap", batch) == {"s": 2.25, "t": 2.5, "u": 3.0}


def test_bootstrap_from_the_last_state_itself_does_not_use_its_step() -> None:
    """Only V(s_3) = 8 is known: gains 1 + 0.5 + 0.25·8 and 1 + 0.5·8, and no third."""
    batch = cut_at_three(value=[0, 0, 0, 0, 0, 8.0])

    assert values("bootstrap", batch) == {"s": (1.75 + 3.5) / 2, "t": (1.5 + 5.0) / 2, "u": 1.0}


def test_bootstrap_without_values_is_refused() -> None:
    with pytest.raises(InputError, match="no value to bootstrap from"):
        rlcalc.estimate(cut_at_three(), truncated="bootstrap")


def test_cut_uses_only_steps_that_miss_little() -> None:
    """γ = 0.5, ε = 0.25: three steps miss an eighth, a quarter and half of V(s_4)."""
    result = rlcalc.estimate(cut_at_three(), gamma=0.5, truncated="cut:0.25", of="v")

    assert result["v_n"].tolist() == [2, 2, 1]
    assert result.facts["steps_not_used"] == 1


@pytest.mark.parametrize(("gamma", "margin"), [(0.9, 43), (0.99, 458), (0.5, 6)])
def test_margin_is_where_the_discount_falls_below_the_tolerance(gamma: float, margin: int) -> None:
    truncation = Truncation.parse("cut", gamma)

    assert truncation.margin == margin
    assert gamma ** (margin + 1) <= 0.01
    assert gamma**margin > 0.01


def test_cut_leaves_nothing_of_truncated_trajectories_without_discount() -> None:
    result = rlcalc.estimate(cut_at_three(), gamma=1.0, truncated="cut")

    assert set(result["n"]) == {1}


def test_one_warning_says_what_keep_does() -> None:
    notes = rlcalc.estimate(cut_at_three()).notes

    assert sum("1 of 2 trajectories were truncated" in note for note in notes) == 1


def test_bootstrap_is_unbiased_and_keep_is_not() -> None:
    """A world that pays 1 for ever, γ = 0.9, so V = 10, watched for five steps at a time."""
    n = 200
    batch = Trajectories.from_arrays(
        ["s"] * 5 * n,
        ["a"] * 5 * n,
        [1.0] * 5 * n,
        length=[5] * n,
        truncated=[True] * n,
        last_value=[10.0] * n,
    )

    assert rlcalc.estimate(batch, gamma=0.9, truncated="bootstrap")["v"][0] == pytest.approx(10)
    assert rlcalc.estimate(batch, gamma=0.9)["v"][0] == pytest.approx(1 - 0.9**5, abs=4.1)
    assert rlcalc.estimate(batch, gamma=0.9)["v"][0] < 5


def test_gains_that_do_not_count_are_empty() -> None:
    gain = rlcalc.gain(cut_at_three(), gamma=0.5, truncated="cut:0.25")["gain"]

    np.testing.assert_array_equal(np.isnan(gain), [False, False, False, False, False, True])


@pytest.mark.parametrize("wrong", ["boot", "cut:2", "cut:x", "keep:1"])
def test_unknown_policies_are_refused(wrong: str) -> None:
    with pytest.raises(UsageError):
        Truncation.parse(wrong, 0.9)


def test_cut_says_that_it_has_the_bias_of_drop() -> None:
    """A fair coin ends it or not, 1 a step, at most 3 steps: V = 2, and both keep what ended.

    Of 8 trajectories 4 have one step, 2 have two, 1 has three, and 1 is cut after three: at γ = 1
    none of its steps counts, and V(s) of the start is (4 · 1 + 2 · 2 + 1 · 3) / 7 = 11/7.
    """
    length = [1, 1, 1, 1, 2, 2, 3, 3]
    batch = Trajectories.from_arrays(
        [f"s{t}" for n in length for t in range(n)],
        ["a"] * sum(length),
        [1.0] * sum(length),
        length=length,
        terminated=[True] * 7 + [False],
        truncated=[False] * 7 + [True],
    )
    for policy in ("cut", "drop"):
        result = rlcalc.estimate(batch, gamma=1.0, truncated=policy, of="v")

        assert result["v"][0] == pytest.approx(11 / 7)
        assert any("favour trajectories that end soon" in note for note in result.notes)
