"""SVG, PNG and PDF: the charts of a result below each other, drawn by vl-convert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

from rlcalc.charts import Chart
from rlcalc.errors import InputError
from rlcalc.renderers.pictures.specification import specification
from rlcalc.result import Result

SCALE = 2
"""Pixels of a PNG for each of the picture's."""


def write(result: Result, form: str, stream: BinaryIO, head: int | None) -> None:
    """Write the charts of a result as one picture."""
    assert result.charts is not None
    stream.write(image(result.charts(), form))


def image(charts: Sequence[Chart], form: str, *, dark: bool = False) -> bytes:
    """Return charts as one picture.

    Args:
        charts: at least one.
        form: svg, png or pdf.
        dark: for a dark ground.

    Raises:
        InputError: vl-convert is not installed.
    """
    drawing = drawing_program()
    described = specification(charts, dark=dark)
    if form == "png":
        return bytes(drawing.vegalite_to_png(described, scale=SCALE, allowed_base_urls=[]))
    if form == "pdf":
        return bytes(drawing.vegalite_to_pdf(described, allowed_base_urls=[]))
    return str(drawing.vegalite_to_svg(described, allowed_base_urls=[])).encode()


def drawing_program() -> Any:
    """Return the module that draws.

    Raises:
        InputError: it is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise InputError(
            "pictures need vl-convert, which is not installed",
            fix="pip install 'rlcalc[plot]', or draw in the terminal with --plot",
        ) from error
    return vl_convert
