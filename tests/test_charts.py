from dataclasses import replace

import pytest

from rlcalc.charts import Axis, Band, Chart
from rlcalc.errors import ShapeError

CHART = Chart(
    "values",
    "V",
    "points",
    {"state": ["a", "b"], "v": [1.0, 2.0], "low": [0.5, 1.5], "high": [1.5, 2.5]},
    Axis("state", "state", "names"),
    Axis("v", "V, reward"),
    bands=[Band("low", "high")],
)


def test_a_chart_has_the_columns_that_it_names():
    columns = {name: values for name, values in CHART.columns.items() if name != "high"}

    with pytest.raises(ShapeError, match="high"):
        replace(CHART, columns=columns)


def test_columns_of_a_chart_have_one_length():
    with pytest.raises(ShapeError, match="different lengths"):
        replace(CHART, columns={**CHART.columns, "v": [1.0]})
