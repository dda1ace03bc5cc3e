"""Pictures inside of a page: names of parts are unique, and colours follow the screen."""

import re

from rlcalc.charts import Axis, Chart
from rlcalc.renderers.pictures.theme import DARK, LIGHT
from rlcalc.renderers.report.drawings import dark_rules, picture

HOSTILE = "<script>id='x' id=\"clip0\" url(#a)</script>"
COLUMNS = {"x": ["a", HOSTILE], "y": [1.0, 2.0], "t": ["1", "2"]}


def chart(kind: str = "bars", **more: str) -> Chart:
    x, y = Axis("x", "x", "names"), Axis("y", "y")
    if kind == "map":
        return Chart("m", HOSTILE, "map", COLUMNS, x, Axis("t", "t", "names"), colour=y, **more)
    return Chart("b", HOSTILE, "bars", COLUMNS, x, y, note="a note")


def test_names_of_parts_begin_with_the_name_of_the_picture() -> None:
    svg = picture(chart("map", text="t"), "first").drawings[0][1]
    tags = re.findall(r"<[^<>]*>", svg)
    names = [name for tag in tags for name in re.findall(r'\bid="([^"]*)', tag)]
    links = [name for tag in tags for name in re.findall(r"url\(#([^)]*)", tag)]

    assert names
    assert all(name.startswith("first-light-") for name in [*names, *links])
    assert set(links) <= set(names)


def test_the_title_is_beside_the_drawing_and_labels_are_no_tags() -> None:
    drawn = picture(chart(), "p")

    assert (drawn.title, drawn.note) == (HOSTILE, "a note")
    assert [kind for kind, _ in drawn.drawings] == ["both"]
    assert "<script" not in drawn.drawings[0][1]


def test_a_map_with_text_is_drawn_for_light_and_dark() -> None:
    assert [kind for kind, _ in picture(chart("map", text="t"), "p").drawings] == ["light", "dark"]


def test_every_colour_of_the_light_theme_has_one_of_the_dark() -> None:
    rules = "\n".join(dark_rules())

    assert all(colour in rules for colour in (*LIGHT.series, LIGHT.text, LIGHT.faint))
    assert all(colour in rules for colour in (*DARK.series, DARK.text, DARK.faint))
