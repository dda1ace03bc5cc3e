"""A chart of Altair: the charts of a result as a notebook shows and changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlcalc.errors import InputError, UsageError
from rlcalc.renderers.pictures.specification import specification
from rlcalc.result import Result

if TYPE_CHECKING:
    import altair


def altair_chart(result: Result, *, dark: bool = False) -> altair.VConcatChart:
    """Return the charts of a result below each other.

    Args:
        result: an answer.
        dark: for a dark ground.

    Raises:
        UsageError: the answer has no picture.
        InputError: Altair is not installed.
    """
    try:
        import altair
    except ImportError as error:
        raise InputError(
            "charts need Altair, which is not installed", fix="pip install 'rlcalc[plot]'"
        ) from error
    charts = result.charts() if result.charts else ()
    if not charts:
        raise UsageError(
            f"this answer of {result.command} has no picture", fix="show it as a table"
        )
    return altair.VConcatChart.from_dict(specification(charts, dark=dark))
