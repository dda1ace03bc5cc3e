"""The weights of episodes: what the log shows of them, and what they must be in expectation.

The effective sample size of a log counts the heavy episodes that were met. How large E[ρ²] is
follows from the ratios of single steps, also where no heavy episode was met.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rlcalc.estimators.off_policy.request import Solvers
from rlcalc.estimators.off_policy.target import TargetWeights, chain_of
from rlcalc.estimators.transitions import CountedModel
from rlcalc.numerics.arrays import Floats, Ints, weighted_counts


@dataclass(frozen=True)
class Weights:
    """The weights ρ of E episodes, whose mean is 1 in expectation."""

    mean: float
    error: float
    ess: float  # (Σρ)² / Σρ²
    largest: float
    largest_share: float  # max ρ / Σρ
    largest_episode: int

    @property
    def z(self) -> float:
        """(mean − 1) / error; 0 where all weights are 1."""
        if self.error > 0:
            return (self.mean - 1) / self.error
        return 0.0 if abs(self.mean - 1) < 1e-9 else math.copysign(math.inf, self.mean - 1)

    @classmethod
    def of(cls, weight: Floats) -> Weights:
        """Return the statistics of weights."""
        n, total, squares = len(weight), float(weight.sum()), float(np.square(weight).sum())
        spread = float(np.square(weight - total / n).sum())
        at = int(weight.argmax())
        return cls(
            mean=total / n,
            error=math.sqrt(spread / (n * (n - 1))) if n > 1 else math.nan,
            ess=total * total / squares if squares > 0 else 0.0,
            largest=float(weight[at]),
            largest_share=float(weight[at] / total) if total > 0 else math.nan,
            largest_episode=at,
        )


@dataclass(frozen=True)
class RatioTimes:
    """Sums over steps at each of N times; they merge."""

    steps: Floats  # [N]
    inner: Floats  # [N] Σ ρ_t² of the steps that another one follows
    last: Floats  # [N] Σ ρ_t² of the last steps

    @classmethod
    def of(cls, time: Ints, ratio: Floats, last: Ints) -> RatioTimes:
        """Return the sums over some steps.

        Args:
            time: [T] t.
            ratio: [T] ρ_t.
            last: [E] the last step of each episode.
        """
        n = int(time.max(initial=-1)) + 1
        square = ratio * ratio
        ends = np.bincount(time[last], square[last], n).astype(np.float64)
        every = np.bincount(time, square, n).astype(np.float64)
        steps = np.bincount(time, minlength=n).astype(np.float64)
        return cls(steps, np.maximum(every - ends, 0.0), ends)

    def merge(self, later: RatioTimes) -> RatioTimes:
        """Return the sums over both."""
        n = max(len(self.steps), len(later.steps))
        one, two = (
            [np.pad(v, (0, n - len(v))) for v in (part.steps, part.inner, part.last)]
            for part in (self, later)
        )
        return RatioTimes(*(a + b for a, b in zip(one, two, strict=True)))

    def second_moment(self, gamma: float) -> float:
        """Return E[W²] if a ratio depended on its time alone.

        W_t = ρ_t ((1 − γ) + γ W_{t+1}) with W = 1 after the end: (1 − γ) Σ γ^t ρ_{0:t}, in which
        the last weight stays, so that its mean is 1.

            M_t = E[ρ_t² (1 − γ²)] + γ² (E[ρ_t²; ends] + E[ρ_t²; goes on] M_{t+1})
        """
        inner, last = (np.divide(v, self.steps) for v in (self.inner, self.last))
        moment = 1.0
        for a, b in zip(inner[::-1].tolist(), last[::-1].tolist(), strict=True):
            moment = (a + b) * (1 - gamma * gamma) + gamma * gamma * (b + a * moment)
        return max(moment, 1.0)


def second_moment_in_model(
    model: CountedModel,
    target: TargetWeights,
    behaviour: Floats,
    gamma: float,
    horizon: int | None,
    tools: Solvers,
) -> float:
    """Return E[W²] of the weights in the model that the log shows; infinite where it diverges.

        M(s) = Σ_a π²/b [1 − γ² + γ² Σ_s' P(s'|s,a) M(s')],   M = 1 after the end

    Args:
        model: of the log.
        target: π.
        behaviour: [K] b(a|s).
        gamma: 1 for the weight of whole episodes, else that of `RatioTimes.second_moment`.
        horizon: the number of steps that count, M = 1 after them; None: all.
        tools: what solves linear systems.
    """
    square = np.divide(
        target.weight**2, behaviour, out=np.zeros(len(behaviour)), where=target.weight > 0
    )
    chain = chain_of(model.expected, gamma * gamma * square, target.missing)
    n = len(model.state)
    length = np.diff(chain.outcome_start)
    source = np.repeat(np.arange(n), length)
    ends = np.where(chain.next_state == n, chain.probability, 0.0)
    now = weighted_counts(
        model.expected.pair_state.astype(np.int64), (1 - gamma * gamma) * square, n
    )
    reward = now + weighted_counts(source, ends, n)
    chain = replace(chain, reward=reward)
    if horizon is None:
        moment = tools.system(chain, 1.0, reward[:, None], True)[:-1, 0]
    else:
        whole = np.append(np.ones(n), 0.0)  # the ends are in the rewards
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(horizon):
                whole = np.append(chain.action_value(whole, 1.0), 0.0)
        moment = whole[:-1]
    met = model.start > 0
    if not (np.isfinite(moment).all() and (moment[met] > 0).all()):
        return math.inf
    diverges = (moment < -1e-9).any()
    return math.inf if diverges else max(float(model.start @ moment), 1.0)


@dataclass(frozen=True)
class WeightsOfLog:
    """The weights of a method: those that were met, and their second moment in expectation."""

    met: Weights
    n: int
    moment: float  # E[W²]

    @cached_property
    def expected_ess(self) -> float:
        """E / E[W²]: the effective sample size that a log of this length has on average."""
        return self.n / self.moment

    @property
    def met_share(self) -> float:
        """The second moment of the weights that were met, as a share of the expected one."""
        return self.n / self.met.ess / self.moment if self.met.ess > 0 else 0.0
