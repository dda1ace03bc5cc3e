"""The request: what is asked of a model, and whether it makes sense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rlcalc.errors import InputError, UsageError, meant, shown
from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.mdp import MDP
from rlcalc.policy import Policy, PolicyRule
from rlcalc.solvers.methods.value_iteration import Recursion

METHODS = (
    "value-iteration",
    "gauss-seidel",
    "policy-iteration",
    "modified-policy-iteration",
    "linear",
    "krylov",
)
TOLERANCE = 1e-6
"""The bound that is wanted where none is asked for."""
MOST_ITERATIONS = 100_000
LARGEST = 1e200
"""Rewards up to which sums and bounds of them are numbers."""


@dataclass(frozen=True)
class SolveRequest:
    """What is asked of a model."""

    policy: Policy | PolicyRule | None = None  # None: the best policy
    gamma: float | None = None  # None: what the model says, else 1
    horizon: int | None = None
    criterion: Literal["reward", "average"] = "reward"
    method: str = "auto"
    bellman: Recursion | None = None
    tol: float | None = None  # None: `TOLERANCE`
    max_iterations: int = MOST_ITERATIONS
    states: Sequence[int] | None = None  # only the rows of these
    trace: bool = False  # the rows are the iterations
    jobs: int | None = None

    @property
    def wanted(self) -> float:
        """The bound above which an answer does not keep its promise."""
        return TOLERANCE if self.tol is None else self.tol

    def aim(self, model: ExpectedMDP) -> float:
        """Return the bound to work for: where none is asked for, rewards below 1 make it smaller.

        Values of the size of 1e-8 known to 1e-6 would tell nothing, not even the best action.
        """
        if self.tol is not None or not model.largest_reward:
            return self.wanted
        return TOLERANCE * min(1.0, model.largest_reward)


def checked_gamma(mdp: MDP, request: SolveRequest) -> float:
    """Return the discount factor that holds, once the request is seen to make sense.

    Raises:
        InputError: gamma is no discount factor.
        UsageError: the request contradicts itself.
    """
    gamma = request.gamma if request.gamma is not None else mdp.gamma
    gamma = 1.0 if gamma is None else gamma
    if not 0 <= gamma <= 1:
        raise InputError(
            f"gamma is {gamma:g}, expected 0..1", fix="a discount factor is 0.9 or 0.99, say"
        )
    if request.method != "auto" and request.method not in METHODS:
        raise UsageError(
            f"there is no method {shown(request.method)}",
            fix=meant(request.method, METHODS) + f"one of auto, {', '.join(METHODS)}",
        )
    if request.bellman and request.method not in ("auto", "value-iteration"):
        raise UsageError(
            f"--bellman is value iteration, and --method says {request.method}",
            fix="leave one out",
        )
    average = request.criterion == "average"
    special = {
        "--horizon": request.horizon is not None,
        "--criterion average": average,
        "--bellman": request.bellman is not None,
        "--method": request.method != "auto",
        "--gamma": average and request.gamma is not None,
        "--trace": request.trace and request.horizon is not None,
        "--max-iterations": request.horizon is not None
        and request.max_iterations != MOST_ITERATIONS,
    }
    if request.trace and request.states is not None:
        raise UsageError(
            "--trace shows iterations, and --states or --start-only rows of states",
            fix="leave one out",
        )
    given = [name for name, asked in special.items() if asked]
    if (average or request.horizon is not None) and len(given) > 1:
        raise UsageError(f"{' and '.join(given)} do not go together", fix="leave one out")
    if not request.wanted > 0:
        raise UsageError(f"--tol is {request.wanted:g}, expected a number above 0")
    if request.horizon is not None and request.horizon < 1:
        raise UsageError(f"--horizon is {request.horizon}, expected a number of steps")
    return gamma
