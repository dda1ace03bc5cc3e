"""What a log may be: truncated trajectories, probabilities that change, names of other types."""

from typing import Any

import numpy as np
import pytest

import rlcalc
from rlcalc import Trajectories

B = 0.5
PI = {"s": {"a": 0.8, "b": 0.2}, "t": {"a": 0.6, "b": 0.4}}
Q = {"s": {"a": 1.0, "b": 2.0}, "t": {"a": -1.0, "b": 3.0}}
V = {s: sum(PI[s][a] * Q[s][a] for a in Q[s]) for s in Q}
GAMMA = 0.9


def log(**more: Any) -> Trajectories:
    """Three trajectories: one ends, one is cut and t follows, one is cut and nothing is known."""
    state, action = ["s", "t", "s", "t", "s"], ["a", "b", "b", "a", "b"]
    batch = Trajectories.from_arrays(
        state, action, [1.0, 2.0, 3.0, 4.0, 5.0], length=[2, 1, 2],
        terminated=[True, False, False], truncated=[False, True, True],
        behaviour_prob=[B] * 5, **more,
    )  # fmt: skip
    last = np.array([-1, batch.states.code("t"), -1], np.int32)
    return Trajectories(**{**vars(batch), "last_state": last})


def numbers(method: str, batch: Trajectories, **more: Any) -> list[float]:
    rows = rlcalc.evaluate(
        batch, policy=PI, value=Q, gamma=GAMMA, method=method, rows="episodes", **more
    )
    return [float(x) for x in rows[method]]


R_SA, R_SB, R_TA, R_TB = 0.8 / B, 0.2 / B, 0.6 / B, 0.4 / B


def test_truncated_trajectories_are_kept_as_they_are() -> None:
    assert numbers("pdis", log()) == pytest.approx(
        [R_SA * (1 + GAMMA * R_TB * 2), R_SB * 3, R_TA * (4 + GAMMA * R_SB * 5)]
    )


def test_dr_goes_on_with_the_value_of_the_state_that_followed() -> None:
    first = V["s"] + R_SA * (1 - 1 + GAMMA * (V["t"] + R_TB * (2 - 3)))
    cut = V["s"] + R_SB * (3 - 2 + GAMMA * V["t"])
    unknown = V["t"] + R_TA * (4 + 1 + GAMMA * (V["s"] + R_SB * (5 - 2)))

    assert numbers("dr", log()) == pytest.approx([first, cut, unknown])


def test_truncated_trajectories_are_dropped() -> None:
    assert numbers("pdis", log(), truncated="drop") == pytest.approx(
        [R_SA * (1 + GAMMA * R_TB * 2)]
    )


def test_bootstrap_weighs_the_tail_as_the_steps_before_it() -> None:
    """The third has a value of its last row alone, which stands for the state of the cut."""
    nan = np.nan
    batch = log(value=[0.0, 0, 0, 0, 7], last_value=[nan, 11.0, nan])
    pdis = numbers("pdis", batch, truncated="bootstrap")
    weighted = numbers("is", batch, truncated="bootstrap")

    assert pdis == pytest.approx(
        [R_SA * (1 + GAMMA * R_TB * 2), R_SB * (3 + GAMMA * 11), R_TA * (4 + GAMMA * 7)]
    )
    assert weighted[1] == pytest.approx(R_SB * (3 + GAMMA * 11))
    assert weighted[2] == pytest.approx(R_TA * (4 + GAMMA * 7))


def test_weighted_means_by_time_take_the_tail_too() -> None:
    batch = log(last_value=[np.nan, 11.0, 1.0])
    value = rlcalc.evaluate(batch, policy=PI, gamma=GAMMA, method="wpdis", truncated="bootstrap")[
        "value"
    ][0]
    first = [R_SA, R_SB, R_TA]
    second = [R_SA * R_TB, R_SB, R_TA * R_SB]
    now = R_SA * 1 + R_SB * (3 + GAMMA * 11) + R_TA * 4
    then = R_SA * R_TB * 2 + R_TA * R_SB * (5 + GAMMA * 1)

    assert value == pytest.approx(now / sum(first) + GAMMA * then / sum(second))


def test_the_note_on_truncated_trajectories_stands_once() -> None:
    result = rlcalc.evaluate(log(), policy=PI, gamma=GAMMA)

    assert sum("truncated" in note for note in result.notes) == len(
        {note for note in result.notes if "truncated" in note}
    )
    assert result.facts["truncated"] == 2


def test_old_log_probabilities_are_those_of_the_behaviour() -> None:
    batch = log()
    chance = {"behaviour_prob": None, "old_log_prob": np.log(np.full(5, B))}
    same = Trajectories(**{**vars(batch), **chance})

    assert numbers("pdis", same) == pytest.approx(numbers("pdis", batch))


def test_a_policy_of_numbers_is_that_of_their_text() -> None:
    batch = Trajectories.from_arrays([0, 1], [1, 0], [1.0, 2.0], length=[1, 1],
                                     behaviour_prob=[0.5, 0.25])  # fmt: skip
    of_numbers = rlcalc.evaluate(batch, policy={0: {1: 1.0}, 1: {0: 0.5, 1: 0.5}}, method="is")
    of_texts = rlcalc.evaluate(
        batch, policy={"0": {"1": 1.0}, "1": {"0": 0.5, "1": 0.5}}, method="is"
    )

    assert of_numbers["value"][0] == of_texts["value"][0] == pytest.approx((2 + 4) / 2)
