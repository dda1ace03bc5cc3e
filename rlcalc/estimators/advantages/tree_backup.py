"""Tree backup(λ)."""

from __future__ import annotations

from rlcalc.estimators.advantages.request import AdvantageRequest, Advantages, CriticSteps
from rlcalc.estimators.advantages.retrace import corrected_returns


def estimate(steps: CriticSteps, request: AdvantageRequest) -> Advantages:
    """Return advantages by the traces c_t = λ π(a_t|s_t), see `retrace.corrected_returns`.

    Source: Precup et al. (2000); Munos et al. (2016), table 1.
    """
    assert steps.probability is not None
    return corrected_returns(steps, request.lambda_ * steps.probability)
