import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.charts import Chart
from rlcalc.estimators.charts import MOST_NAMES, MOST_TIMES, QUANTILES, time_chart


def charts(result: rlcalc.Result) -> list[Chart]:
    assert result.charts is not None
    return list(result.charts())


def test_values_have_intervals_and_exact_values_beside() -> None:
    result = rlcalc.estimate("gridworld-4x4", episodes=50, play={"seed": 1})
    (drawn,) = charts(result)
    v = dict(zip(map(str, result["state"]), result["v"], strict=True))

    assert drawn.columns["name"] == list(v)
    assert drawn.columns["v"] == list(v.values())
    assert drawn.beside is not None
    assert drawn.columns["v_exact"][drawn.columns["name"].index("3")] == pytest.approx(-22)


def test_q_is_drawn_by_pair() -> None:
    (drawn,) = charts(rlcalc.estimate("two-states", of="q"))

    assert drawn.columns["name"] == ["hall, left", "hall, right", "room, stay"]
    assert drawn.columns["q"] == [1.5, 4.5, 3.0]


def test_methods_stand_beside_each_other() -> None:
    (drawn,) = charts(rlcalc.estimate("two-states", compare="mc,ce"))

    assert drawn.columns["name"] == ["hall", "hall", "room", "room"]
    assert drawn.columns["method"] == ["mc", "ce"] * 2
    assert drawn.columns["v"][0] == 3.0


def test_of_many_states_the_first_are_drawn() -> None:
    trajectories = rlcalc.Trajectories.from_arrays(range(100), ["a"] * 100, [1.0] * 100)
    (drawn,) = charts(rlcalc.estimate(trajectories))

    assert len(drawn.columns["name"]) == MOST_NAMES
    assert drawn.note == "the first 40 of 100 states"


def test_the_picture_of_a_convergence_ends_near_the_values() -> None:
    result = rlcalc.estimate("student", episodes=100, play={"seed": 1}, rows="convergence")
    (drawn,) = charts(result)
    values = [*drawn.columns["v"], *drawn.columns["v_exact"]]
    spread = max(values) - min(values)

    widths = [
        high - low
        for low, high in zip(drawn.columns["v_low"], drawn.columns["v_high"], strict=True)
        if low is not None
    ]
    assert widths
    assert max(widths) <= 2 * spread * (1 + 1e-9)
    assert drawn.x.scale == "log"
    assert drawn.y.limits == pytest.approx((min(values) - spread / 2, max(values) + spread / 2))


times = st.lists(
    st.tuples(st.integers(0, 6), st.floats(-10, 10, allow_nan=False)), min_size=1, max_size=60
)


@given(times)
def test_quantiles_by_time_are_those_of_each_time(steps: list[tuple[int, float]]) -> None:
    time, value = (np.array(column) for column in zip(*steps, strict=True))
    (drawn,) = time_chart(time, value, "gain", "G", "Gain")
    most = max(np.bincount(time))

    for place, t in enumerate(drawn.columns["t"]):
        chosen = value[time == t]
        assert len(chosen) == drawn.columns["n"][place] >= min(5, most)
        for q in QUANTILES:
            expected = np.quantile(chosen, q)
            assert drawn.columns[f"p{round(100 * q)}"][place] == pytest.approx(expected)


def test_of_many_times_neighbours_are_together() -> None:
    time = np.arange(10_000)
    (drawn,) = time_chart(time, time.astype(float), "gain", "G", "Gain")

    assert len(drawn.columns["t"]) == MOST_TIMES
    assert drawn.columns["p50"][0] == pytest.approx(49.5)
    assert "100 times together" in drawn.note


def test_gains_that_do_not_count_are_not_drawn() -> None:
    assert time_chart(np.arange(3), np.full(3, np.nan), "gain", "G", "Gain") == []


def test_the_gain_is_drawn_by_time() -> None:
    (drawn,) = charts(rlcalc.gain("three-steps", gamma=0.5))

    assert drawn.columns["p50"] == [2.75, 3.5, 3.0]
    assert drawn.columns["t"] == [0, 1, 2]
