"""Pictures of gradients: components beside the exact ones, variance by form, and ascent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rlcalc.charts import Axis, Band, Chart
from rlcalc.numerics.arrays import Floats
from rlcalc.result import Column

MOST_NAMES = 40
"""Components that are drawn, of all forms together."""


def gradient_charts(
    by_parameter: Mapping[str, Column], by_form: Mapping[str, Column], title: str
) -> list[Chart]:
    """Return the components ± standard error beside the exact ones, and the variance of each form.

    Of many components, those with the largest exact ones are drawn, in the order of the model.

    Args:
        by_parameter: a row for each form and parameter.
        by_form: a row for each form.
        title: of the answer.
    """
    columns = {name: np.asarray(c.values) for name, c in by_parameter.items()}
    forms = list(dict.fromkeys(columns["form"].tolist()))
    n = len(columns["form"]) // len(forms)
    most = max(1, MOST_NAMES // len(forms))
    size = np.abs(np.nan_to_num(columns["exact"][:n]))
    chosen = np.sort(np.argsort(-size, kind="stable")[:most])
    row = (chosen[:, None] + n * np.arange(len(forms))).ravel()
    estimate, error = columns["gradient"][row], columns["se"][row]
    components = Chart(
        name="components",
        title=title,
        kind="points",
        columns={
            "parameter": [f"{columns['state'][r]}, {columns['action'][r]}" for r in row],
            "form": columns["form"][row].tolist(),
            "gradient": estimate.tolist(),
            "low": (estimate - error).tolist(),
            "high": (estimate + error).tolist(),
            "exact": columns["exact"][row].tolist(),
        },
        x=Axis("parameter", "state, action", "names"),
        y=Axis("gradient", "∂J/∂θ ± standard error"),
        colour=Axis("form", "form", "names") if len(forms) > 1 else None,
        bands=[Band("low", "high", "± standard error")],
        beside=Axis("exact", "exact"),
        note="" if len(chosen) == n else f"the {len(chosen):,} largest of {n:,} components",
    )
    variance = Chart(
        name="variance",
        title="Variance of the gradient of one episode",
        kind="bars",
        columns={
            "form": list(by_form["form"].values),
            "variance": np.asarray(by_form["variance"].values).tolist(),
        },
        x=Axis("form", "form", "names"),
        y=Axis("variance", "trace of the covariance"),
    )
    return [components, variance]


def ascent_charts(columns: Mapping[str, Column], title: str) -> list[Chart]:
    """Return J, |∇J| and where it is known the cosine of the estimate, by step of the ascent.

    Args:
        columns: of the answer.
        title: of the answer.
    """
    titles = {
        "objective": "J, reward",
        "gradient_norm": "length of the gradient, reward",
        "cosine": "cosine of the estimate with ∇J",
    }
    charts: list[Chart] = []
    for name, axis in titles.items():
        if name in columns:
            step, values = _known(columns["step"].values, np.asarray(columns[name].values))
            charts.append(
                Chart(
                    name=name,
                    title=axis if charts else title,
                    kind="line",
                    columns={"step": step, name: values},
                    x=Axis("step", "step"),
                    y=Axis(name, axis),
                )
            )
    return charts


def lambda_charts(columns: Mapping[str, Column], title: str) -> list[Chart]:
    """Return bias, tilt, standard deviation and their sum against λ.

    Args:
        columns: of `lambda_bias.CriticInModel.table`.
        title: of the answer.
    """
    lambdas = np.asarray(columns["lambda"].values).tolist()
    shown = ("bias", "tilt", "sd", "rmse")
    sizes = [float(size) for name in shown for size in columns[name].values]
    return [
        Chart(
            name="lambda",
            title=title,
            kind="line",
            columns={
                "lambda": lambdas * len(shown),
                "of": [name for name in shown for _ in lambdas],
                "size": sizes,
            },
            x=Axis("lambda", "λ"),
            y=Axis("size", "root of the mean square, reward"),
            colour=Axis("of", "", "names"),
        )
    ]


def _known(step: Any, values: Floats) -> tuple[Sequence[int], Sequence[float]]:
    known = np.isfinite(values)
    return np.asarray(step)[known].tolist(), values[known].tolist()
