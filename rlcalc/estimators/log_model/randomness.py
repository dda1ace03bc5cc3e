"""Rows of randomness: whether what follows a pair is certain, random or unknown; its entropy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rlcalc.charts import Chart
from rlcalc.estimators.log_model.log_model import LogModel, Rows
from rlcalc.estimators.log_model.request import ModelRequest
from rlcalc.estimators.request import Tools
from rlcalc.estimators.visits import ACTION_BITS
from rlcalc.numerics.arrays import Floats, Ints, segment_sums
from rlcalc.result import Column, Fact

CERTAIN = ("yes", "no", "unknown")
RISK = 0.05
"""The chance with which an outcome of the probability `missed_up_to` or more was missed."""


def rows_of(model: LogModel, request: ModelRequest, tools: Tools) -> Rows:
    """Return how random each pair is, a row a pair.

        entropy = −Σ P̂ log₂ P̂ + (m − 1)/(2 n ln 2)      m outcomes in n steps, in bits
        reward_sd = √(Σ_s' Σ (r − r̄(s'))² / (n − m))    once s' is known

    `certain` is `unknown` of a pair that was met once, `yes` if its next states and, once s' is
    known, its rewards never differed, and else `no`. A second outcome of probability p is missed in
    n steps with the chance (1 − p)^n, at most 0.05 for p ≥ 1 − 0.05^{1/n}: `missed_up_to`.

    Source: Miller (1955), Note on the bias of information estimates.
    """
    rows, counted = model.pair_rows, model.counted
    n, m = counted.model.count[rows], np.diff(model.outcome_start)[rows]
    squares = segment_sums(model.outcomes.squares, model.outcome_start)[rows]
    bits = entropy(model.probability, model.outcome_start)[rows] + correction(m, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(squares / (n - m))
    kind = np.where(n == 1, 2, np.where((m > 1) | (squares > 0), 1, 0))
    missed = np.where(kind == 0, 1 - RISK ** (1 / n), np.nan)
    pair, experience = counted.model.pair[rows], counted.passes.experience
    state = counted.model.state[counted.model.expected.pair_state[rows]]
    columns = {
        "state": Column(experience.states.named(state), "key"),
        "action": Column(experience.actions.named(pair & ((1 << ACTION_BITS) - 1)), "key"),
        "n": Column(n, "count"),
        "outcomes": Column(m, "count"),
        "entropy": Column(bits, symbol="H, bits"),
        "reward_sd": Column(np.where(n > m, spread, np.nan), symbol="sd r"),
        "certain": Column([CERTAIN[k] for k in kind.tolist()], "text"),
        "missed_up_to": Column(missed, symbol="missed up to"),
    }
    pair_start = counted.model.expected.pair_start[:-1]  # without the end, which has none
    policy = entropy(counted.model.policy, pair_start)
    actions = np.diff(pair_start)
    steps = counted.model.state_count
    facts: dict[str, Fact] = {
        "policy_entropy": float(steps @ (policy + correction(actions, steps)) / steps.sum()),
        "environment_entropy": float(n @ bits / n.sum()),
        **{f"pairs_{name}": int((kind == k).sum()) for k, name in enumerate(KINDS)},
    }
    title = "How random the log is"

    def charts() -> Sequence[Chart]:
        from rlcalc.estimators.log_model.charts import entropy_charts

        return entropy_charts(plain_columns(columns), title)

    return Rows(title, columns, facts, _note(missed), charts)


def plain_columns(columns: Mapping[str, Column]) -> dict[str, Sequence[Any]]:
    """Return what an entropy chart shows, as lists."""
    shown_columns = {name: columns[name].values for name in ("state", "action", "entropy")}
    return {name: np.asarray(values).tolist() for name, values in shown_columns.items()}


KINDS = ("certain", "random", "unknown")


def entropy(probability: Floats, start: Ints) -> Floats:
    """Return −Σ p log₂ p of each group of probabilities, in bits; none is 0, no group is empty."""
    sums: Floats = segment_sums(-probability * np.log2(probability), start)
    return np.maximum(sums, 0.0)


def correction(m: Ints, n: Ints) -> Floats:
    """Return the bits that the entropy of m outcomes in n draws lacks: (m − 1)/(2 n ln 2)."""
    bits: Floats = (m - 1) / (2 * n * np.log(2))
    return bits


def _note(missed: Floats) -> list[str]:
    certain = missed[np.isfinite(missed)]
    if not len(certain):
        return []
    least, most = (f"{limit:.2g}" for limit in (certain.min(), certain.max()))
    pairs = "1 pair" if len(certain) == 1 else f"{len(certain):,} pairs"
    limits = most if least == most else f"{least} to {most}"
    return [
        f"{pairs} never differed: an outcome may have been missed (95 %) whose probability is at "
        f"most missed_up_to, here {limits}"
    ]
