"""From charts to Vega-Lite: a description that its programs draw, in which labels are only data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from rlcalc.charts import Axis, Chart
from rlcalc.errors import shown
from rlcalc.renderers.pictures.labels import label_texts
from rlcalc.renderers.pictures.theme import DARK, HEIGHT, LIGHT, WIDTH, Theme, configuration

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
FEW = 40
"""Points of a line up to which each has a dot."""
BAR, OFFSET = 20, 13
"""Pixels of the row of a name, and of each series in it."""
TICKS, MOST_TICKS = 6, 12
"""Lines of the grid of a logarithmic scale; of a few whole numbers."""
CELL, TEXT_CELL = 46, 14
"""Pixels of the largest cell of a map, and of the smallest that text fits into."""


def specification(charts: Sequence[Chart], *, dark: bool = False) -> dict[str, Any]:
    """Return the Vega-Lite specification of charts below each other.

    Args:
        charts: of one answer.
        dark: for a dark ground.
    """
    theme = DARK if dark else LIGHT
    return {
        "$schema": SCHEMA,
        "config": configuration(theme),
        "spacing": 36,
        "resolve": {"scale": {"color": "independent", "x": "independent", "y": "independent"}},
        "vconcat": [View(chart, theme).specification() for chart in charts],
    }


class View:
    """One chart on its way to Vega-Lite.

    Fields are c0, c1, ...: a column's name would be read as a path, a label never is anything else
    than a value.
    """

    def __init__(self, chart: Chart, theme: Theme) -> None:
        self.chart, self.theme = chart, theme
        self.field = {name: f"c{number}" for number, name in enumerate(chart.columns)}
        named = [axis for axis in (chart.x, chart.y, chart.colour) if axis]
        self.names = {
            axis.column: label_texts(chart.names(axis)) for axis in named if axis.scale == "names"
        }
        self.flat = chart.x.scale == "names" and chart.kind in ("bars", "points")

    def specification(self) -> dict[str, Any]:
        """Return the view: its title, data and layers."""
        chart = self.chart
        kinds: dict[str, Callable[[], list[dict[str, Any]]]] = {
            "line": self._line,
            "points": self._points,
            "bars": self._bars,
            "histogram": self._histogram,
            "map": self._map,
        }
        title: dict[str, Any] = {"text": shown(chart.title, 100)}
        notes = [shown(chart.note, 120)] if chart.note else []
        if chart.beside and chart.colour:  # the colours are those of the series
            mark = "dashed" if chart.kind == "line" else "diamonds"
            notes.append(f"{mark}: {shown(chart.beside.title)}")
        title |= {"subtitle": "; ".join(notes)} if notes else {}
        layers = [*kinds[chart.kind](), *self._borders()]
        return {"title": title, "data": {"values": self._rows()}, **self._size(), "layer": layers}

    def _rows(self) -> list[dict[str, Any]]:
        columns = []
        for name, values in self.chart.columns.items():
            texts = self.names.get(name)
            shown_values = [texts[v] for v in values] if texts else [_plain(v) for v in values]
            columns.append((self.field[name], shown_values))
        fields, several = zip(*columns, strict=True)
        return [dict(zip(fields, row, strict=True)) for row in zip(*several, strict=True)]

    def _size(self) -> dict[str, Any]:
        chart = self.chart
        if chart.kind == "map":
            across, down = (len(self.names.get(axis.column, ())) for axis in (chart.x, chart.y))
            cell = min(CELL, WIDTH // max(across, 1))
            high = min(cell, 2 * HEIGHT // max(down, 1)) if self.chart.text else 2 * HEIGHT // 24
            return {
                "width": {"step": cell} if across else WIDTH,
                "height": {"step": max(min(cell, high), 4)} if down else HEIGHT,
            }
        if self.flat:
            return {"width": WIDTH, "height": {"step": BAR if chart.colour is None else OFFSET}}
        return {"width": WIDTH, "height": HEIGHT}

    def _axis(self, axis: Axis, *, zero: bool = False, **more: Any) -> dict[str, Any]:
        """Return the channel of an axis."""
        channel: dict[str, Any] = {"field": self.field[axis.column], "title": axis.title, **more}
        if axis.scale == "names":
            label = {"labelOverlap": True, "labelAngle": 0}
            domain = {"domain": list(self.names[axis.column].values())}
            return {**channel, "type": "nominal", "sort": None, "axis": label, "scale": domain}
        scale: dict[str, Any] = {"type": "log"} if axis.scale == "log" else {"zero": zero}
        scale |= {"nice": axis.scale != "log"}
        scale |= {} if axis.limits is None else {"domain": list(axis.limits), "nice": False}
        if axis.scale == "log":
            channel |= {"axis": {"tickCount": TICKS}}
        else:
            ends = self.chart.columns[axis.end] if axis.end else []
            values = [v for v in (*self.chart.columns[axis.column], *ends) if v is not None]
            ticks = _whole_ticks([*values, *[0] * zero])
            channel |= {"axis": {"values": ticks, "format": "d"}} if ticks else {}
        return {**channel, "type": "quantitative", "scale": scale}

    def _value(self, column: str, *, zero: bool = False) -> dict[str, Any]:
        """Return the channel of another column on the axis of y."""
        return {**self._axis(self.chart.y, zero=zero), "field": self.field[column]}

    def _placed(self, along: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
        """Return the channels x and y: bars and points of names lie on their side."""
        return {"y": along, "x": value} if self.flat else {"x": along, "y": value}

    def _colour(self, title: str = "") -> dict[str, Any]:
        """Return the channel of colour: of the series, or of one value beside another."""
        chart = self.chart
        if chart.colour is not None:
            column = chart.colour.column
            domain = list(self.names[column].values())
            return {
                "color": {
                    "field": self.field[column],
                    "type": "nominal",
                    "title": chart.colour.title,
                    "scale": {"domain": domain},
                }
            }
        if chart.beside is None:
            return {"color": {"value": self.theme.series[0]}}
        titles = [chart.y.title, chart.beside.title]
        scale = {"domain": titles, "range": [self.theme.series[0], self.theme.accent]}
        datum = title or chart.y.title
        return {"color": {"datum": datum, "type": "nominal", "scale": scale, "title": None}}

    def _tooltip(self) -> dict[str, Any]:
        titles = {name: name.replace("_", " ") for name in self.chart.columns}
        for axis in (self.chart.x, self.chart.y, self.chart.colour, self.chart.beside):
            titles |= {axis.column: axis.title} if axis else {}
        fields = [
            {"field": self.field[name], "title": title}
            for name, title in titles.items()
            if name != self.chart.text
        ]
        return {"tooltip": fields}

    def _line(self) -> list[dict[str, Any]]:
        chart = self.chart
        x, colour = self._axis(chart.x), self._colour()
        layers: list[dict[str, Any]] = [
            {
                "mark": {"type": "area", "opacity": 0.16, "clip": True},
                "encoding": {
                    "x": x,
                    "y": self._value(band.low),
                    "y2": {"field": self.field[band.high]},
                    **colour,
                },
            }
            for band in chart.bands
        ]
        dots = len(self.chart.columns[chart.x.column]) <= FEW * (
            len(self.names[chart.colour.column]) if chart.colour else 1
        )
        if dots and chart.colour is None:  # an interval beside missing ones has no area
            layers += [
                {
                    "mark": {"type": "rule", "opacity": 0.4, "clip": True},
                    "encoding": {**layer["encoding"], **colour},
                }
                for layer in list(layers)
            ]
        point = {"point": {"size": 22}} if dots else {}
        layers.append(
            {
                "mark": {"type": "line", "strokeWidth": 1.8, **point},
                "encoding": {"x": x, "y": self._axis(chart.y), **colour, **self._tooltip()},
            }
        )
        if chart.beside:
            layers.append(
                {
                    "mark": {"type": "line", "strokeDash": [5, 4], "strokeWidth": 1.2},
                    "encoding": {
                        "x": x,
                        "y": self._value(chart.beside.column),
                        **self._colour(chart.beside.title),
                    },
                }
            )
        return layers

    def _points(self) -> list[dict[str, Any]]:
        chart = self.chart
        along, colour = self._axis(chart.x), self._colour()
        offset = self._offset_channel()
        layers: list[dict[str, Any]] = []
        for number, band in enumerate(chart.bands):
            placed = self._placed(along, self._value(band.low))
            placed["x2" if self.flat else "y2"] = {"field": self.field[band.high]}
            layers.append(
                {
                    "mark": {"type": "rule", "strokeWidth": 1.5 + 2 * number},
                    "encoding": {**placed, **colour, **offset},
                }
            )
        if chart.beside:
            layers.append(
                {
                    "mark": {"type": "point", "shape": "diamond", "size": 70, "filled": False},
                    "encoding": {
                        **self._placed(along, self._value(chart.beside.column)),
                        **self._colour(chart.beside.title),
                        **offset,
                    },
                }
            )
        dot = {"type": "point", "filled": True, "size": 38, "opacity": 1}
        placed = self._placed(along, self._axis(chart.y))
        layers.append({"mark": dot, "encoding": {**placed, **colour, **offset, **self._tooltip()}})
        return layers

    def _bars(self) -> list[dict[str, Any]]:
        chart = self.chart
        placed = self._placed(self._axis(chart.x), self._axis(chart.y, zero=True))
        encoding = {**placed, **self._colour(), **self._offset_channel()}
        layers = [{"mark": {"type": "bar"}, "encoding": {**encoding, **self._tooltip()}}]
        for band in chart.bands:
            placed = self._placed(self._axis(chart.x), self._value(band.low, zero=True))
            placed["x2" if self.flat else "y2"] = {"field": self.field[band.high]}
            rule = {"type": "rule", "color": self.theme.text}
            layers.append({"mark": rule, "encoding": {**placed, **self._offset_channel()}})
        return layers

    def _offset_channel(self) -> dict[str, Any]:
        """Return the channel that puts the series of one name beside each other."""
        if self.chart.colour is None:
            return {}
        field = {"field": self.field[self.chart.colour.column], "type": "nominal", "sort": None}
        return {"yOffset" if self.flat else "xOffset": field}

    def _histogram(self) -> list[dict[str, Any]]:
        chart = self.chart
        return [
            {
                "mark": {"type": "bar", "opacity": 0.6 if chart.colour else 0.85, "binSpacing": 1},
                "encoding": {
                    "x": {**self._axis(chart.x), "bin": {"binned": True}},
                    "x2": {"field": self.field[chart.x.end]},
                    "y": {**self._axis(chart.y, zero=True), "stack": None},
                    **self._colour(),
                    **self._tooltip(),
                },
            }
        ]

    def _map(self) -> list[dict[str, Any]]:
        chart = self.chart
        assert chart.colour is not None
        placed: dict[str, Any] = {}
        for letter, axis in (("x", chart.x), ("y", chart.y)):
            placed[letter] = self._axis(axis)
            if axis.end:
                placed[letter]["scale"] = {**placed[letter]["scale"], "nice": False}
                placed[f"{letter}2"] = {"field": self.field[axis.end]}
        colour = {
            "field": self.field[chart.colour.column],
            "type": "quantitative",
            "title": chart.colour.title,
            "scale": {
                **self._axis(chart.colour)["scale"],
                **({} if chart.text else {"scheme": "viridis"}),
            },
        }
        frame = {"stroke": self.theme.faint, "strokeWidth": 0.5} if chart.text else {}
        layers: list[dict[str, Any]] = [
            {
                "mark": {"type": "rect", **frame},
                "encoding": {**placed, "color": colour, **self._tooltip()},
            }
        ]
        width = self._size()["width"]
        if chart.text and isinstance(width, dict) and width["step"] >= TEXT_CELL:
            size = min(12, 3 * width["step"] // 4)
            mark = {
                "type": "text",
                "fontSize": size,
                "lineBreak": "\n",
                "limit": width["step"] - 2,
                "color": self.theme.text,
            }
            text = {"field": self.field[chart.text], "type": "nominal"}
            layers.append({"mark": mark, "encoding": {**placed, "text": text}})
        return layers

    def _borders(self) -> list[dict[str, Any]]:
        layers: list[dict[str, Any]] = []
        for number, border in enumerate(self.chart.borders):
            axis = "x" if (border.axis == "x") is not self.flat else "y"
            at = {axis: {"datum": border.at, "type": "quantitative"}}
            rule = {"type": "rule", "strokeDash": [4, 3], "color": self.theme.accent}
            layers.append({"data": {"values": [{}]}, "mark": rule, "encoding": at})
            name = {
                "type": "text",
                "align": "left",
                "baseline": "bottom" if axis == "y" else "top",
                "dx": 4,
                "fontSize": 10,
                "color": self.theme.accent,
                **({"x": 0} if axis == "y" else {"y": 2 + 12 * number}),
            }
            text = {"value": shown(border.title, 60)}
            layers.append(
                {"data": {"values": [{}]}, "mark": name, "encoding": {**at, "text": text}}
            )
        return layers


def _whole_ticks(values: Sequence[Any]) -> list[int]:
    """Return the whole numbers between the least and the largest of some, if those are whole.

    No number where they are many, as then no ticks stand between them anyway. Bins of whole numbers
    have their borders in the middle of two.
    """
    parts = {float(value) % 1 for value in values}
    if parts not in ({0.0}, {0.5}):
        return []
    ticks = range(math.ceil(min(values, default=0)), math.floor(max(values, default=0)) + 1)
    return list(ticks) if len(ticks) <= MOST_TICKS else []


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; a number that is not finite is missing."""
    if isinstance(value, str):
        return "\n".join(shown(line, 200) for line in value.split("\n"))
    if value is None or isinstance(value, bool | int):
        return value
    number = float(value)
    return number if number - number == 0 else None
