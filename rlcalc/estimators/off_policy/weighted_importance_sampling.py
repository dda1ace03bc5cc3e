"""Weighted importance sampling over whole episodes; for one step, SNIPS."""

from __future__ import annotations

import numpy as np

from rlcalc.estimators.off_policy.evaluated import Estimated, ratio_of
from rlcalc.estimators.off_policy.request import Method
from rlcalc.estimators.off_policy.steps import EvaluatedSteps
from rlcalc.numerics.arrays import Floats


def episode_values(steps: EvaluatedSteps, method: Method) -> Floats:
    """Return [E, 2] ρ_{0:n} G and ρ_{0:n} of each episode, with ρ = π/b."""
    return np.stack([steps.weight * steps.gain, steps.weight], axis=1)


def estimate(values: Floats, method: Method) -> Estimated:
    """Return the mean weighted by ρ; its bias falls as 1/E.

        V̂ = Σ_e ρ_{0:n} G_e / Σ_e ρ_{0:n}

    Source: Precup, Sutton & Singh (2000); Swaminathan & Joachims (2015); obp 0.5.7
    SelfNormalizedInverseProbabilityWeighting; scope-rl 0.2.1 SelfNormalizedTIS.
    """
    return ratio_of(values[:, 0], values[:, 1])
