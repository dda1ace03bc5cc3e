import json
from typing import Any

import pytest

from rlcalc.charts import Axis, Chart
from rlcalc.renderers.pictures.specification import specification
from tests.renderers.pictures.charts import HOSTILE, charts


def strings(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Every text of a specification, and the key that it stands under."""
    if isinstance(value, dict):
        return [pair for key, part in value.items() for pair in strings(part, key)]
    if isinstance(value, list):
        return [pair for part in value for pair in strings(part, path)]
    return [(path, value)] if isinstance(value, str) else []


def test_nothing_is_an_expression() -> None:
    """Vega evaluates expr, signal, calculate, test and filter; labels stand under none of them."""
    keys = {key for key, _ in strings(specification(charts()))}

    assert not keys & {"expr", "signal", "calculate", "test", "filter", "url", "href"}


def test_fields_are_never_labels_or_names_of_columns() -> None:
    fields = {text for key, text in strings(specification(charts())) if key == "field"}

    assert all(field.startswith("c") and field[1:].isdigit() for field in fields)


def test_labels_are_escaped_and_cut() -> None:
    for _, text in strings(specification(charts())):
        assert text.replace("\n", "").isprintable()
        assert len(text) <= 250


def test_a_missing_number_is_null() -> None:
    chart = Chart(
        "a", "t", "line", {"x": [0, 1], "y": [float("nan"), None]}, Axis("x", "x"), Axis("y", "y")
    )
    text = json.dumps(specification([chart]), allow_nan=False)

    assert '"c1": null' in text


@pytest.mark.parametrize(
    ("step", "whole"), [([0, 1], True), ([-0.5, 0.5], True), ([0, 0.5], False)]
)
def test_whole_numbers_have_no_ticks_between_them(step: list[float], *, whole: bool) -> None:
    chart = Chart("a", "t", "line", {"x": step, "y": [0.1, 0.7]}, Axis("x", "x"), Axis("y", "y"))
    (view,) = specification([chart])["vconcat"]
    x = view["layer"][-1]["encoding"]["x"]

    assert x.get("axis", {}).get("values") == (
        [n for n in (0, 1) if n <= step[-1]] if whole else None
    )


@pytest.mark.parametrize("dark", [False, True])
def test_an_axis_of_names_has_them_in_their_order(*, dark: bool) -> None:
    columns = {"name": ["b", "a"], "y": [1.0, 2.0]}
    chart = Chart(
        "a", "t", "bars", columns, Axis("name", "", "names", names=["a", "b"]), Axis("y", "y")
    )
    (view,) = specification([chart], dark=dark)["vconcat"]

    assert view["layer"][0]["encoding"]["y"]["scale"]["domain"] == ["a", "b"]


def test_the_hostile_labels_are_all_drawn() -> None:
    domain = specification(charts())["vconcat"][4]["layer"][0]["encoding"]["y"]["scale"]["domain"]

    assert len(domain) == len(set(domain)) == len(HOSTILE)
