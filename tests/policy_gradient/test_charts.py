import numpy as np
import pytest

import rlcalc
from rlcalc.policy_gradient.charts import MOST_NAMES, gradient_charts
from rlcalc.result import Column


@pytest.mark.parametrize("rows", ["gradient", "variance"])
def test_components_stand_beside_the_exact_ones_whatever_the_rows(rows: str) -> None:
    result = rlcalc.gradient("student", 500, seed=1, rows=rows)
    table = rlcalc.gradient("student", 500, seed=1)
    assert result.charts is not None
    components, variance = result.charts()
    columns = components.columns

    assert sorted(columns["gradient"]) == sorted(table["gradient"])
    np.testing.assert_allclose(
        np.array(columns["high"]) - np.array(columns["gradient"]),
        (np.array(columns["gradient"]) - np.array(columns["low"])),
    )
    assert variance.columns["form"] == ["trajectory", "gain", "q", "advantage"]
    assert all(v > 0 for v in variance.columns["variance"])


def test_of_many_components_the_largest_are_drawn_in_their_order() -> None:
    n = 100
    exact = np.arange(n, dtype=np.float64)
    by_parameter = {
        "form": Column(["q"] * n),
        "state": Column([f"s{i}" for i in range(n)]),
        "action": Column(["a"] * n),
        "gradient": Column(exact + 1),
        "se": Column(np.ones(n)),
        "exact": Column(exact),
    }
    components, _ = gradient_charts(
        by_parameter, {"form": Column(["q"]), "variance": Column([1.0])}, "title"
    )

    assert components.columns["exact"] == list(range(n - MOST_NAMES, n))
    assert components.colour is None
    assert components.note == "the 40 largest of 100 components"


def test_bias_and_spread_are_drawn_against_lambda() -> None:
    log = rlcalc.simulate("student", 50, seed=1).whole()
    result = rlcalc.advantage(log, rows="lambda", value="exact:student")
    assert result.charts is not None
    (drawn,) = result.charts()
    n = len(result)

    assert drawn.columns["of"][::n] == ["bias", "tilt", "sd", "rmse"]
    assert drawn.columns["size"][-n:] == result["rmse"].tolist()


def test_an_ascent_is_drawn_by_step() -> None:
    result, _ = rlcalc.ascend("student", 3, 0.1)
    assert result.charts is not None
    objective, norm = result.charts()

    assert objective.columns["objective"] == result["objective"].tolist()
    assert norm.columns["step"] == [0, 1, 2, 3]
