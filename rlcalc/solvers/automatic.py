"""Which method a model wants."""

from __future__ import annotations

from rlcalc.solvers import linear
from rlcalc.solvers.problem import Problem


def pick(problem: Problem) -> str:
    """Return the name of the method that is expected to be the fastest, for gamma < 1."""
    if problem.model.n_states <= linear.DENSE:
        return "linear" if problem.is_policy else "policy-iteration"
    return "value-iteration"
