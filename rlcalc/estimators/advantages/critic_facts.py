"""Facts about a critic, summed up piece by piece: how it was used, and how good it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from rlcalc.estimators.advantages import OFF_POLICY
from rlcalc.estimators.advantages.request import AdvantageRequest, Advantages, CriticSteps
from rlcalc.estimators.traces import decayed_sum
from rlcalc.numerics.arrays import Flags, Floats, segment_sums
from rlcalc.numerics.moments import Moments
from rlcalc.numerics.spread import Spread
from rlcalc.result import Column, Fact, Result
from rlcalc.trajectories import Trajectories


class CriticFacts:
    """What the facts of advantages need of the pieces so far."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.target = Spread()
        self.residual = Spread()  # of target − V
        self.spreads: dict[str, Spread] = {}  # of the quantities of a summary
        self.td_error: Moments | None = None
        self.weight = 0.0  # Σ of the weights of values after a cut

    def add(
        self,
        batch: Trajectories,
        steps: CriticSteps,
        answer: Advantages,
        used: Flags,
        request: AdvantageRequest,
    ) -> None:
        """Count a piece.

        Args:
            batch: the piece.
            steps: its steps.
            answer: their advantages.
            used: [T] whether a step counts.
            request: the method.
        """
        target = answer.target[used]
        self.target = self.target.merge(Spread.of(target))
        self.residual = self.residual.merge(Spread.of(target - steps.value[used]))
        size = segment_sums(used.astype(np.float64), batch.start)
        some = size > 0
        if some.any():
            total = segment_sums(np.where(used, steps.td_error, 0.0), batch.start)[some]
            edge = np.array([0, len(total)])
            moments = Moments.of(np.zeros(1, np.int64), edge, total, size[some])
            self.td_error = moments if self.td_error is None else self.td_error.merge(moments)
        weight = _weights(steps, answer, request)
        leans = used & (weight > 0)
        self.weight += float(weight[leans].sum())
        self.counts.update(
            terminated=int(batch.terminated.sum()),
            truncated=int((batch.truncated & ~batch.terminated).sum()),
            trajectories=len(batch),
            steps=batch.n_steps,
            used=int(used.sum()),
            bootstrapped=int(leans.sum()),
        )

    def add_spreads(self, values: Mapping[str, Floats]) -> None:
        """Add values of a piece to the spreads of their names."""
        for name, array in values.items():
            self.spreads[name] = self.spreads.get(name, Spread()).merge(Spread.of(array))

    def facts(self, request: AdvantageRequest, gamma: float) -> dict[str, Fact]:
        """Return the facts.

        `explained_variance` is 1 − Var(target − V) / Var(target), `td_error_se` is clustered by
        trajectory, and `bootstrap_weight` the mean of (γλ)^k over the steps that lean on a value
        k steps on.
        """
        counts, error = self.counts, self.td_error
        ended = {name: counts[name] for name in ("terminated", "truncated")}
        target, residual = self.target, self.residual
        uses_lambda = request.method in ("gae", "lambda", *OFF_POLICY)
        return {
            "method": f"n-step:{request.k}" if request.method == "n-step" else request.method,
            "gamma": gamma,
            "lambda": request.lambda_ if uses_lambda else None,
            "trajectories": counts["trajectories"],
            "steps": counts["steps"],
            **ended,
            "unknown": counts["trajectories"] - sum(ended.values()),
            "steps_not_used": counts["steps"] - counts["used"] or None,
            "explained_variance": 1 - residual.squares / target.squares if target.squares else None,
            "td_error_mean": float(error.mean[0]) if error is not None else None,
            "td_error_se": float(error.standard_error()[0]) if error is not None else None,
            "bootstrapped": counts["bootstrapped"],
            "bootstrap_weight": self.weight / counts["bootstrapped"]
            if counts["bootstrapped"]
            else None,
        }


def _weights(steps: CriticSteps, answer: Advantages, request: AdvantageRequest) -> Floats:
    """[T] the weight (γλ)^k of the value after a cut, k steps on, in the target of a step."""
    at_cut = np.zeros(len(steps.reward))
    at_cut[steps.last] = steps.cut
    if not steps.cut.any():
        return at_cut
    decay = steps.gamma * np.asarray(answer.decay) * np.ones(len(at_cut))
    weight = decayed_sum(at_cut, decay, steps.start)
    if request.method == "n-step":
        left = np.repeat(steps.start[1:], np.diff(steps.start)) - np.arange(len(at_cut))
        weight = np.where(left <= request.k, weight, 0.0)
    return weight


def summary_rows(title: str, spreads: Mapping[str, Spread]) -> Result:
    """Return one row a quantity: mean, deviation, least and largest; NaN where none is known."""
    known = {name: spread if spread.n else None for name, spread in spreads.items()}

    def of(part: str) -> list[float]:
        return [getattr(one, part) if one else float("nan") for one in known.values()]

    deviations = [float(np.sqrt(spread.variance())) for spread in spreads.values()]
    return Result(
        command="advantage",
        title=title,
        columns={
            "quantity": Column(list(spreads), "key"),
            "n": Column([spread.n for spread in spreads.values()], "count"),
            "mean": Column(of("mean")),
            "sd": Column(deviations),
            "min": Column(of("least")),
            "max": Column(of("greatest")),
        },
        facts={},
    )
