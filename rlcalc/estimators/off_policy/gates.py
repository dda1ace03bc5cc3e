"""Intervals of off-policy estimates, and the gates that withhold those that do not hold.

The thresholds were settled on five worlds with 50, 300 and 2,000 episodes, 2,000 data sets each:
what is shown then covers 93 to 97 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rlcalc.estimators.off_policy import FITTED, FREE_OF_WEIGHTS
from rlcalc.estimators.off_policy.betting import value_bounds
from rlcalc.estimators.off_policy.evaluated import Estimated
from rlcalc.estimators.off_policy.request import EvaluateRequest, Method
from rlcalc.estimators.off_policy.weights import WeightsOfLog
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.intervals import skew_interval, student_t
from rlcalc.numerics.moments import Moments

BY_VISITS = ("dr", "pdis", "wpdis")
"""Methods whose weights are those of visits, not of whole episodes."""
ENOUGH, ENOUGH_OF_RATIOS = 50.0, 100.0
"""The expected effective sample size from which intervals of means hold, and those of ratios."""
RATIOS = ("wis", "wpdis", "snips")
"""Methods that divide by the sum of the weights, with a bias of 1/n."""
MET = 0.5
"""The share of E[ρ²] that the weights of the log must reach: else heavy episodes are lacking."""
SHORT, LONG = -2.0, 3.0
"""Limits of z = (mean weight − 1)/se: below it heavy episodes are lacking, above it b is wrong."""
ALIKE = 1.05
"""E[ρ²] up to which the policies are so near that their weights do no harm."""
FEWEST = 3
"""Steps that the log must have of each pair which the policy takes often."""
OFTEN = 0.01
"""The share of the policy's visits from which a pair is taken often."""


@dataclass(frozen=True)
class ModelFit:
    """How well the log determines the model where the policy goes."""

    degrees: float  # of freedom that the error of ce has
    fewest: int  # steps of the pair that is rarest in the log and taken often by the policy


@dataclass(frozen=True)
class Trust:
    """What tells whether an interval holds."""

    episode: WeightsOfLog | None  # of whole episodes; None: no method weighs
    visits: WeightsOfLog | None  # the discounted mean over an episode
    fit: ModelFit | None  # None: there is no model
    unsupported: float = 0.0  # the weight in the value of gains after actions that the log lacks
    given: bool = False  # whether Q̂ was given
    counted: bool = False  # whether b is estimated by counts

    def weights_of(self, method: Method | None) -> WeightsOfLog | None:
        """Return the weights that a method uses."""
        if method is None or not method.needs_weights:
            return None
        return self.visits if method.name in BY_VISITS else self.episode

    def closed(self, method: Method) -> str | None:
        """Return what the interval of a method needs before it can be shown; None: nothing."""
        weights = self.weights_of(method)
        if weights is None:
            if self.given:
                return "a right Q̂"
            seldom = self.fit is not None and self.fit.fewest < FEWEST
            return f"{FEWEST} steps of each pair that the policy takes often" if seldom else None
        return self._lacking(method, weights) or self._not_estimated(method, weights)

    def _lacking(self, method: Method, weights: WeightsOfLog) -> str | None:
        """Return what the weights of the log lack."""
        if weights.moment > ALIKE:
            enough = ENOUGH_OF_RATIOS if method.name in RATIOS else ENOUGH
            if weights.expected_ess < enough:
                return f"{enough:g} effective episodes, has {weights.expected_ess:.2g}"
            if weights.met_share < MET:
                return "heavy episodes, which the log lacks"
        met = weights.met
        if self.unsupported == 0 and not SHORT <= met.z <= LONG:
            return f"weights of mean 1, has {met.mean:.3g} ± {met.error:.2g}"
        return None

    def _not_estimated(self, method: Method, weights: WeightsOfLog) -> str | None:
        """Return the reason why an error does not hold what a method adds to it."""
        if self.counted and method.name not in FITTED:
            return "logged probabilities: counts have an error of their own"
        if method.name == "switch" and weights.met.largest > method.parameter:
            return "a right Q̂ where ρ > τ"
        if method.name == "dros" and not math.isinf(method.parameter):
            return "a right Q̂, as λ shrinks the weights"
        return None

    def open(self, method: Method) -> str:
        """Return what an interval that is shown needs."""
        if not method.needs_weights:
            return "states that are Markov"
        return "right probabilities" + ("; biased by 1/n" if method.name in RATIOS else "")


@dataclass(frozen=True)
class Interval:
    """A value with its error and limits, and what these need; NaN where they are withheld."""

    value: float
    error: float
    low: float
    high: float
    needs: str | None
    withheld: bool = False


def interval_of(
    estimated: Estimated,
    method: Method,
    trust: Trust,
    request: EvaluateRequest,
    episodes: Mapping[str, Floats],
) -> Interval:
    """Return the value of a method with its interval, or with the reason why it has none.

    Where the log lacks actions of the policy, the value of methods with fitted values is not
    identified: it is withheld, and with `bound` the limits are those of a range. With `bound`,
    the limits of `is` and `ips` are those of `betting`, which always hold.

    Args:
        estimated: the value.
        method: that gave it.
        trust: what tells whether the interval holds.
        request: the confidence, and the limits of a gain.
        episodes: the numbers of each episode.
    """
    degrees = None
    if not method.needs_weights and trust.fit is not None and not trust.given:
        degrees = trust.fit.degrees
    whole = plain_interval(estimated, request.confidence, degrees)
    if request.bound is not None and method.module == "importance_sampling":
        low, high = value_bounds(
            episodes["weight"], episodes["gain"], request.bound, request.confidence
        )
        return replace(whole, low=low, high=high, needs="right probabilities alone", withheld=False)
    reason = trust.closed(method) or whole.needs
    fitted = method.name in (*FREE_OF_WEIGHTS, *FITTED) and not trust.given
    if trust.unsupported > 0 and fitted:
        whole = replace(whole, value=math.nan, error=math.nan)
    if reason is None and trust.unsupported > 0:
        if request.bound is not None and not trust.given:
            low, high = (limit * trust.unsupported for limit in request.bound)
            return replace(
                whole,
                low=whole.low + low,
                high=whole.high + high,
                needs="gains within --bound after actions that the log lacks",
                withheld=True,
            )
        reason = "actions that the log lacks (--bound gives a range)"
    if reason is None:
        return replace(whole, needs=trust.open(method))
    return replace(whole, low=math.nan, high=math.nan, needs=reason, withheld=True)


def plain_interval(
    estimated: Estimated, confidence: float, degrees: float | None = None
) -> Interval:
    """Return Student's interval of a mean over episodes; that of a model is corrected for skewness.

    Args:
        estimated: the value, and the influence of each episode.
        confidence: between 0 and 1.
        degrees: of freedom of the error of a model; default one fewer than episodes.
    """
    n = len(estimated.influence)
    if not estimated.error > 0:
        needs = "gains that differ" if n > 1 else "a second episode"
        return Interval(estimated.value, estimated.error, math.nan, math.nan, needs, True)
    if degrees is None:
        half = float(student_t(confidence, np.array([n - 1]))[0]) * estimated.error
        low, high = estimated.value - half, estimated.value + half
        return Interval(estimated.value, estimated.error, low, high, None)
    moments = Moments.of(np.zeros(1, np.int64), np.array([0, n]), estimated.influence)
    free = min(degrees, n - 1.0)
    value, error = estimated.value, estimated.error
    centre, errors, freedom = (np.array([number]) for number in (value, error, free))
    limits = skew_interval(confidence, moments, centre, errors, freedom, moments.skewness())
    return Interval(value, error, float(limits.low[0]), float(limits.high[0]), None)


def difference_of(
    moved: Estimated, parts: Sequence[Interval], degrees: Sequence[float | None], confidence: float
) -> Interval:
    """Return the interval of a difference; withheld where one of both parts is."""
    worst = next((part for part in parts if part.withheld), None)
    known = [one for one in degrees if one is not None]
    whole = plain_interval(moved, confidence, min(known) if known else None)
    if worst is None:
        return replace(whole, needs=parts[0].needs)
    if any(math.isnan(part.value) for part in parts):
        whole = replace(whole, value=math.nan, error=math.nan)
    return replace(whole, low=math.nan, high=math.nan, needs=worst.needs, withheld=True)
