"""Pictures of a loss: the ratios with the borders of the clip, and the shares of the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rlcalc.charts import Axis, Border, Chart
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.bins import bins_of
from rlcalc.objectives.convention import Objective
from rlcalc.objectives.losses import LOSSES
from rlcalc.result import Column, Fact

OUTER = 0.001
"""The share of ratios that may lie outside the picture on each side."""


def objective_charts(
    regions: Mapping[str, Column],
    facts: Mapping[str, Fact],
    how: Objective,
    ratio: Floats | None = None,
) -> list[Chart]:
    """Return the pictures of the loss of a batch.

    Args:
        regions: a row a region.
        facts: of the batch.
        how: the objective.
        ratio: [T] ρ of each token, NaN where masked; None: they were not kept.
    """
    ratios = [] if ratio is None or how.loss == "value" else ratio_charts(ratio, how)
    return [*ratios, region_chart(regions), *part_charts(facts)]


def ratio_charts(ratio: Floats, how: Objective) -> list[Chart]:
    """Return the histogram of the ratios of the counted tokens, with the borders of the clip.

    Ratios outside the 0.1 and 99.9 % quantiles, and outside the clip, count at the edges.
    """
    known = ratio[np.isfinite(ratio)]
    if not len(known):
        return []
    borders = clip_borders(how)
    low, high = np.quantile(known, [OUTER, 1 - OUTER]).tolist()
    low, high = min([low, *(b.at for b in borders)]), max([high, *(b.at for b in borders)])
    outside = int(((known < low) | (known > high)).sum())
    bins = bins_of(np.clip(known, low, high))
    return [
        Chart(
            name="ratios",
            title="Importance ratios of the tokens",
            kind="histogram",
            columns={
                "low": bins.edge[:-1].tolist(),
                "high": bins.edge[1:].tolist(),
                "n": bins.counts().tolist(),
            },
            x=Axis("low", "ratio ρ = π/π_old", end="high"),
            y=Axis("n", "tokens"),
            borders=borders,
            note=f"{outside:,} tokens further out are in the first and the last bin"
            if outside
            else "",
        )
    ]


def clip_borders(how: Objective) -> list[Border]:
    """Return the borders of the clip, if the loss has one."""
    if "clip" not in LOSSES[how.loss].uses:
        return []
    if how.absolute_high and how.loss == "cispo":
        return [Border(how.high, "clip", "x")]
    return [
        Border(at, name, "x")
        for at, name in ((1 - how.low, "clip low"), (1 + how.high, "clip high"))
        if np.isfinite(at)
    ]


def region_chart(regions: Mapping[str, Column]) -> Chart:
    """Return the share of tokens and of gradient of each region of the loss."""
    names = list(regions["region"].values)
    shares = {
        "tokens": np.asarray(regions["share"].values),
        "gradient": np.asarray(regions["gradient_share"].values),
    }
    used = [i for i in range(len(names)) if any(np.nan_to_num(s[i]) for s in shares.values())]
    rows = [(names[i], of, float(share[i])) for i in used for of, share in shares.items()]
    return Chart(
        name="regions",
        title="Share of the tokens and of the gradient by region of the loss",
        kind="bars",
        columns=_columns(("region", "of", "share"), rows),
        x=Axis("region", "region", "names"),
        y=Axis("share", "share"),
        colour=Axis("of", "", "names"),
    )


def part_charts(facts: Mapping[str, Fact]) -> list[Chart]:
    """Return the share of the gradient by length and by outcome of the rollouts, if known."""
    rows = [
        (part, share)
        for name in ("gradient_by_length", "gradient_by_outcome")
        if isinstance(facts.get(name), Mapping)
        for part, share in facts[name].items()  # type: ignore[union-attr]
    ]
    if not rows:
        return []
    return [
        Chart(
            name="gradient_parts",
            title="Share of the gradient by length and outcome of the rollouts",
            kind="bars",
            columns=_columns(("part", "share"), rows),
            x=Axis("part", "rollouts", "names"),
            y=Axis("share", "share of the gradient"),
        )
    ]


def trainer_charts(columns: Mapping[str, Column], title: str) -> list[Chart]:
    """Return the loss of one batch in each trainer, and the share of tokens that it clips.

    Args:
        columns: of a comparison.
        title: of the answer.
    """
    names = list(columns["trainer"].values)
    low, high = (np.asarray(columns[f"clip_fraction_{end}"].values) for end in ("low", "high"))
    numbers = {"loss": np.asarray(columns["loss"].values), "clipped tokens, share": low + high}
    return [
        Chart(
            name=what.split()[0],
            title=title if place == 0 else "Clipped tokens",
            kind="bars",
            columns={"trainer": names, "number": values.tolist()},
            x=Axis("trainer", "trainer", "names"),
            y=Axis("number", what),
        )
        for place, (what, values) in enumerate(numbers.items())
    ]


def _columns(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """Return rows as columns."""
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}
