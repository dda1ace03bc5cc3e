"""Policies made of another one: colder, or only its most probable actions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from rlcalc.errors import UsageError, shown
from rlcalc.expected import Expected
from rlcalc.policy import Policy, shares
from rlcalc.trajectories import Floats, Ints


def temperature(model: Expected, weight: Floats, tau: float) -> Floats:
    """Return the policy with its odds changed: π'(a|s) ∝ π(a|s)^(1/τ); τ → 0 is greedy."""
    most = model.best(weight)[model.pair_state]
    with np.errstate(divide="ignore"):
        below = np.log(weight) - np.log(most)
    return shares(model, np.exp(below / tau))


def top_p(model: Expected, weight: Floats, p: float) -> Floats:
    """Return the nucleus: the fewest, most probable actions that together have at least p.

    Equally probable actions are taken in their order.

    Source: Holtzman et al. (2020), The Curious Case of Neural Text Degeneration.
    """
    order = _falling(model, weight)
    ranked = weight[order]
    ahead = np.cumsum(ranked) - ranked
    first = np.repeat(ahead[model.pair_start[:-1][~model.terminal]], _pairs(model))
    kept = ahead - first < p - 1e-9  # what rounding adds up to p is p
    return _only(model, weight, order[kept])


def top_k(model: Expected, weight: Floats, k: float) -> Floats:
    """Return the policy of the k most probable actions; the first on ties."""
    order = _falling(model, weight)
    rank = np.arange(model.n_pairs) - model.pair_start[:-1][model.pair_state]
    return _only(model, weight, order[rank < k])


def _falling(model: Expected, weight: Floats) -> Ints:
    """Return the pairs, those of each state from the most probable to the least."""
    return np.lexsort((np.arange(model.n_pairs), -weight, model.pair_state))


def _pairs(model: Expected) -> Ints:
    return np.diff(model.pair_start)[~model.terminal]


def _only(model: Expected, weight: Floats, pairs: Ints) -> Floats:
    left = np.zeros(model.n_pairs)
    left[pairs] = weight[pairs]
    return shares(model, left)


DECODERS: dict[str, tuple[Callable[[Expected, Floats, float], Floats], str]] = {
    "temperature": (temperature, "a number above 0: temperature:0.7"),
    "top-p": (top_p, "a probability above 0: top-p:0.9"),
    "top-k": (top_k, "a whole number from 1: top-k:5"),
}
"""What changes a policy, and the number that it takes."""


def parse(text: str) -> tuple[str, list[tuple[str, float]]]:
    """Return the policy that is named first, and what is done to it in turn.

    >>> parse("softmax:1.0,top-p:0.9"), parse("top-k:1")
    (('softmax:1.0', [('top-p', 0.9)]), ('', [('top-k', 1.0)]))

    Raises:
        UsageError: a number that does not fit.
    """
    parts = text.split(",")
    steps: list[tuple[str, float]] = []
    while parts and parts[-1].partition(":")[0].strip() in DECODERS:
        name, _, number = parts.pop().strip().partition(":")
        steps.insert(0, (name, number_of(name, number)))
    return ",".join(parts), steps


def number_of(name: str, number: object) -> float:
    """Return the number of a decoder.

    Raises:
        UsageError: it is not in its range.
    """
    try:
        value = float(number)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        value = math.nan
    fits = {
        "temperature": 0 < value < math.inf,
        "top-p": 0 < value <= 1,
        "top-k": value >= 1 and value == int(value) if math.isfinite(value) else False,
    }
    if not fits[name]:
        raise UsageError(f"{name}:{shown(number)} is no policy", fix=f"give {DECODERS[name][1]}")
    return value


def decoded(model: Expected, policy: Policy, steps: list[tuple[str, float]]) -> Policy:
    """Return a policy after each of the steps."""
    weight, name = policy.weight, policy.name
    for step, number in steps:
        weight = DECODERS[step][0](model, weight, number)
        name = f"{name},{step}:{number:g}"
    return Policy(weight, name)
