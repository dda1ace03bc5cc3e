"""Drawings: charts as SVG inside of a page, which is light or dark as the reader's screen is.

A drawing has the colours of the light theme, which the style sheet replaces on a dark screen. The
colours of a map with text are mixed, so that it is drawn twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rlcalc.charts import Chart
from rlcalc.renderers.pictures.images import drawing_program
from rlcalc.renderers.pictures.specification import specification
from rlcalc.renderers.pictures.theme import DARK, LIGHT

TAG = re.compile(r"<[^<>]*>")
PLACE = re.compile(r'\bid="|url\(#|href="#')
"""What stands before the name of a part in a tag."""


@dataclass(frozen=True)
class Picture:
    """A chart in a page: its title, a note, and drawings, each with its class."""

    title: str
    note: str
    drawings: list[tuple[str, str]]


def picture(chart: Chart, name: str) -> Picture:
    """Return the picture of a chart; the class of a drawing is light, dark, or both.

    Args:
        chart: the chart.
        name: unique in the page: the names of the parts of the drawing begin with it.
    """
    mixed = chart.kind == "map" and chart.text
    themes = [("light", False), ("dark", True)] if mixed else [("both", False)]
    described = [specification([chart], dark=dark) for _, dark in themes]
    titles = [one["vconcat"][0].pop("title") for one in described]
    svgs = [
        (of, drawing(one, f"{name}-{of}")) for (of, _), one in zip(themes, described, strict=True)
    ]
    return Picture(titles[0]["text"], titles[0].get("subtitle", ""), svgs)


def drawing(described: dict[str, Any], name: str) -> str:
    """Return a picture as an SVG element, without descriptions of its parts for screen readers."""
    described["config"] |= {"aria": False, "background": None}
    svg = str(drawing_program().vegalite_to_svg(described, allowed_base_urls=[]))
    return TAG.sub(lambda tag: PLACE.sub(lambda begin: f"{begin[0]}{name}-", tag[0]), svg)


def dark_rules() -> Iterator[str]:
    """Yield the rules of a style sheet that make the colours of a drawing those of the dark."""
    pairs = [(LIGHT.text, DARK.text), (LIGHT.faint, DARK.faint), (LIGHT.accent, DARK.accent)]
    pairs += [(a, b) for a, b in zip(LIGHT.series, DARK.series, strict=True)]
    for light, dark in pairs:
        for kind in ("fill", "stroke"):
            yield f'.drawing.both [{kind}="{light}"] {{ {kind}: {dark}; }}'
