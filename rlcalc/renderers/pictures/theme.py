"""Colours and sizes of pictures, on a light and on a dark ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 560, 260
"""Pixels of a picture without its axes."""


@dataclass(frozen=True)
class Theme:
    """The colours of a picture."""

    ground: str
    text: str
    faint: str  # grid and frames
    series: tuple[str, ...]  # of names; the first is that of a single series
    accent: str  # of borders, and of values beside others
    cells: tuple[str, ...]  # of the numbers of a map, on which `text` can be read


LIGHT = Theme(
    ground="#ffffff",
    text="#2b2f36",
    faint="#dfe3e8",
    series=("#2f6db3", "#d9822b", "#2e9e6b", "#c0427a", "#7c62b8", "#8d6e4f", "#5b9aa0", "#888888"),
    accent="#c23b22",
    cells=("#f7f9fc", "#cfe1f2", "#8fbbe0", "#5b9bd5"),
)
DARK = Theme(
    ground="#16181d",
    text="#e3e6ea",
    faint="#343a43",
    series=("#6aa9ea", "#f0a35e", "#5cc795", "#e57fae", "#ab95e0", "#c5a07f", "#86c5cb", "#b0b0b0"),
    accent="#ff7a5c",
    cells=("#1e232b", "#1f3a56", "#265a8c", "#2f78bd"),
)


def configuration(theme: Theme) -> dict[str, Any]:
    """Return Vega-Lite's settings of a theme."""
    return {
        "background": theme.ground,
        "padding": 12,
        "font": "Helvetica, Arial, sans-serif",
        "view": {"stroke": None},
        "title": {
            "anchor": "start",
            "frame": "group",
            "color": theme.text,
            "fontSize": 14,
            "subtitleColor": theme.text,
            "subtitleFontSize": 11,
            "limit": WIDTH,
            "offset": 10,
        },
        "axis": {
            "labelColor": theme.text,
            "titleColor": theme.text,
            "titleFontWeight": "normal",
            "gridColor": theme.faint,
            "domainColor": theme.faint,
            "tickColor": theme.faint,
            "labelLimit": 180,
            "labelFontSize": 11,
            "titleFontSize": 11,
        },
        "axisQuantitative": {"labelFlush": False, "tickCount": 8},
        "legend": {
            "labelColor": theme.text,
            "titleColor": theme.text,
            "titleFontWeight": "normal",
            "labelLimit": 180,
            "titleLimit": 180,
            "symbolOpacity": 1,
        },
        "range": {
            "category": list(theme.series),
            "ramp": list(theme.cells),
            "heatmap": list(theme.cells),
        },
    }
