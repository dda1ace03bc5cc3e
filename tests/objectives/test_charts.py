import numpy as np
import pytest

import rlcalc
from rlcalc.charts import Chart
from tests.objectives.test_summary import DUAL


def charts(**how: object) -> dict[str, Chart]:
    result = rlcalc.objective(DUAL, **how)  # type: ignore[arg-type]
    assert result.charts is not None
    return {drawn.name: drawn for drawn in result.charts()}


def test_ratios_are_drawn_with_the_borders_of_the_clip() -> None:
    drawn = charts(clip="0.2:0.28")["ratios"]
    counted = int(np.isfinite(rlcalc.objective(DUAL)["ratio"]).sum())

    assert [border.at for border in drawn.borders] == [0.8, 1.28]
    assert sum(drawn.columns["n"]) == counted
    assert drawn.columns["low"][0] <= 0.8


def test_a_summary_has_the_shares_alone() -> None:
    drawn = charts(rows="summary")
    regions = drawn["regions"].columns
    shares = [s for of, s in zip(regions["of"], regions["share"], strict=True) if of == "gradient"]

    assert "ratios" not in drawn
    assert sum(shares) == pytest.approx(1.0)


def test_trainers_are_compared() -> None:
    result = rlcalc.objective(DUAL, compare=["verl", "trl"])
    assert result.charts is not None
    loss, clipped = result.charts()

    assert loss.columns["trainer"] == ["verl", "trl"]
    assert loss.columns["number"] == result["loss"].tolist()
    assert all(0 <= share <= 1 for share in clipped.columns["number"])


def test_a_loss_without_a_clip_has_no_borders() -> None:
    assert charts(loss="reinforce")["ratios"].borders == []
