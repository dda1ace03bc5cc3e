"""Charts of every kind, and hostile labels, for the tests of pictures."""

from rlcalc.charts import Axis, Band, Border, Chart

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\x1b[31mred\x07",
    "a.b[0]['c']",
    "datum.x + 1",
    "x" * 500,
    "x" * 501,
    "\u202egnal",
    "line\nbreak",
    'quote" \\ \u2028',
]


def charts(labels: list[str] = HOSTILE) -> list[Chart]:
    """One chart of each kind, with these labels wherever there may be some."""
    n = len(labels)
    numbers = [float(i) for i in range(n)]
    columns = {
        "x": numbers,
        "y": [n - i for i in numbers],
        "low": [n - i - 0.5 for i in numbers],
        "high": [n - i + 0.5 for i in numbers],
        "exact": numbers,
        "end": [i + 1 for i in numbers],
        "name": labels,
        "text": labels,
        "series": [labels[0], labels[-1]] * (n // 2) + [labels[0]] * (n % 2),
    }
    title = f"Title {labels[0]}"
    names, x, y = Axis("name", "name", "names"), Axis("x", "x"), Axis("y", "y, reward")
    bands, series = [Band("low", "high")], Axis("series", "series", "names")
    exact = Axis("exact", "exact")
    border = [Border(1.5, "border"), Border(2.5, labels[0])]
    return [
        Chart("a", title, "line", columns, x, y, bands=bands, beside=exact, borders=border),
        Chart("b", title, "line", columns, x, Axis("y", "y", "log"), colour=series, bands=bands),
        Chart("c", title, "points", columns, names, y, bands=bands, beside=exact, note=labels[1]),
        Chart("d", title, "points", columns, names, y, colour=series, bands=bands, beside=exact),
        Chart("e", title, "bars", columns, names, y, bands=bands, borders=border),
        Chart("f", title, "bars", columns, names, y, colour=series),
        Chart("g", title, "histogram", columns, Axis("x", "x", end="end"), y, colour=series),
        Chart("h", title, "map", columns, names, series, colour=y, text="text"),
        Chart("i", title, "map", columns, Axis("x", "x", end="end"), Axis("low", "r", end="high"),
              colour=y),
    ]  # fmt: skip
