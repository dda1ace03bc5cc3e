"""HTML: the charts of a result as one page that needs nothing else, light or dark as the reader's.

Labels are data in a block of JSON that no browser reads as HTML, and the page forbids itself to
load anything.
"""

from __future__ import annotations

import html
import json
from typing import Any, BinaryIO

from rlcalc.errors import escaped
from rlcalc.renderers.pictures.images import drawing_program
from rlcalc.renderers.pictures.specification import specification
from rlcalc.renderers.pictures.theme import DARK, LIGHT
from rlcalc.result import Result

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data: blob:; \
script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ background: {light}; margin: 1em; }}
@media (prefers-color-scheme: dark) {{ body {{ background: {dark}; }} }}
</style>
<script>{program}</script>
</head>
<body>
<div id="picture"></div>
<script type="application/json" id="charts">{charts}</script>
<script>
const charts = JSON.parse(document.getElementById("charts").textContent);
const scheme = window.matchMedia("(prefers-color-scheme: dark)");
const actions = {{export: true, source: false, compiled: false, editor: false}};
const draw = () => vegaEmbed("#picture", charts[scheme.matches ? "dark" : "light"],
  {{renderer: "svg", actions}}).catch(console.error);
scheme.addEventListener("change", draw);
draw();
</script>
</body>
</html>
"""


def write(result: Result, form: str, stream: BinaryIO, head: int | None) -> None:
    """Write the charts of a result as one page."""
    assert result.charts is not None
    charts = result.charts()
    themes = {"light": specification(charts), "dark": specification(charts, dark=True)}
    page = PAGE.format(
        title=html.escape(escaped(result.title)),
        light=LIGHT.ground,
        dark=DARK.ground,
        program=drawing_program().javascript_bundle(),
        charts=script_json(themes),
    )
    stream.write(page.encode("utf-8", "backslashreplace"))


def script_json(value: Any) -> str:
    r"""Return JSON that can stand in a script of a page: without a tag that could end it.

    >>> script_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c").replace(">", "\\u003e")
