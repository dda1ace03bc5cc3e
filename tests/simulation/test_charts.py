import numpy as np

import rlcalc
from rlcalc.simulation.charts import gain_charts


def test_the_gains_of_a_summary_are_drawn() -> None:
    result = rlcalc.simulate("gridworld-4x4", 500, seed=1, rows="summary")
    gains = rlcalc.gain(rlcalc.simulate("gridworld-4x4", 500, seed=1))
    first = gains["gain"][gains["t"] == 0]
    assert result.charts is not None
    (drawn,) = result.charts()
    edges = [*drawn.columns["low"], drawn.columns["high"][-1]]

    assert drawn.columns["n"] == np.histogram(first, edges)[0].tolist()
    assert [border.title for border in drawn.borders] == ["mean", "exact"]


def test_of_many_episodes_the_first_are_drawn() -> None:
    (drawn,) = gain_charts(np.zeros(10), 1000, 0.0, None)

    assert drawn.note == "the first 10 of 1,000 episodes"
    assert [border.title for border in drawn.borders] == ["mean"]
