"""The direct method: the mean of V̂ over the states in which episodes begin."""

from __future__ import annotations

from rlcalc.estimators.off_policy.certainty_equivalence import episode_values as of_the_model
from rlcalc.estimators.off_policy.evaluated import Estimated, mean_of
from rlcalc.estimators.off_policy.request import Method
from rlcalc.estimators.off_policy.steps import EvaluatedSteps
from rlcalc.numerics.arrays import Floats


def episode_values(steps: EvaluatedSteps, method: Method) -> Floats:
    """Return [E, 1] V̂(s_0) = Σ_a π(a|s_0) Q̂(s_0,a), and where the log gave Q̂ its own influence."""
    return of_the_model(steps, method)


def estimate(values: Floats, method: Method) -> Estimated:
    """Return the mean over episodes: of Q̂ that is given, else of the model, as `ce`.

    Source: obp 0.5.7 and scope-rl 0.2.1 DirectMethod.
    """
    return mean_of(values[:, 0])
