"""The request: the options of `solve`, their checks, and the resulting setup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rlcalc.errors import InputError, UsageError, meant, shown
from rlcalc.mdp import MDP
from rlcalc.policy import Policy, PolicyRule
from rlcalc.solvers.methods import METHODS
from rlcalc.solvers.methods.value_iteration import Recursion

TOLERANCE = 1e-6
"""The largest bound that an answer may have, without --tol."""
FLOATS = 2.0**-40
"""What floats hold of values, some roundings included, relative to the largest."""
MOST_ITERATIONS = 100_000
Rows = Literal["pairs", "occupancy", "return"]
LARGEST = 1e200
"""The largest reward whose sums and bounds are finite."""


@dataclass(frozen=True)
class SolveRequest:
    """The options of `solve`."""

    policy: Policy | PolicyRule | None = None  # None: the best policy
    gamma: float | None = None  # None: that of the model, else 1
    horizon: int | None = None
    last_only: bool = False  # of a horizon: the values with all of its steps to go alone
    criterion: Literal["reward", "average"] = "reward"
    method: str = "auto"
    bellman: Recursion | None = None
    tol: float | None = None  # None: `TOLERANCE`, or what floats hold of larger values
    relative: bool = False  # whether `tol` is relative to the largest value
    max_iterations: int = MOST_ITERATIONS
    states: Sequence[int] | None = None  # only the rows of these
    trace: bool = False  # the rows are the iterations
    jobs: int | None = None
    reach: Sequence[int] | None = None  # the probability of ever reaching these states
    steps_to: Sequence[int] | None = None  # the expected number of steps to these states
    minimise: bool = False  # the least instead of the largest; rewards are costs
    proper: bool = False  # only policies that end with probability 1 count
    rows: Rows = "pairs"
    levels: Sequence[float] = ()  # of the quantiles and CVaR of the return

    @property
    def question(self) -> str | None:
        """The question of `rlcalc.solvers.questions`; None: V, Q and A."""
        questions = {
            "reach": self.reach is not None,
            "steps_to": self.steps_to is not None,
            "proper": self.proper,
            self.rows: self.rows != "pairs",
        }
        return next((name for name, is_asked in questions.items() if is_asked), None)

    def accepted_bound(self, largest: float) -> float:
        """Return the largest bound that an answer may have.

        Args:
            largest: max |v|.
        """
        if self.tol is None:
            return max(TOLERANCE, FLOATS * largest)
        return self.tol * largest if self.relative else self.tol


def parse_tolerance(text: str | float | None) -> tuple[float | None, bool]:
    """Return a bound, and whether it is relative to the largest value, as in 1e-6r.

    Raises:
        UsageError: it is no number.
    """
    if text is None or not isinstance(text, str):
        return text, False
    relative = text.endswith("r")
    try:
        return float(text.removesuffix("r")), relative
    except ValueError:
        raise UsageError(
            f"--tol {shown(text)} is not a number",
            fix="give a number such as --tol 1e-6, or 1e-6r, relative to the largest value",
        ) from None


def refuse_levels(request: SolveRequest) -> None:
    """Refuse levels that are not of the return, or out of their range.

    Raises:
        UsageError: they are.
    """
    if request.levels and request.rows != "return":
        raise UsageError("--level is about the distribution of the return", fix="add --rows return")
    for level in request.levels:
        if not 0 < level <= 1:
            raise UsageError(
                f"--level {level:g} is not a share of the returns, above 0 and at most 1",
                fix="write --level 0.05 for the worst 5 %",
            )


def checked_gamma(mdp: MDP, request: SolveRequest) -> float:
    """Check that the options fit together, and return the discount factor.

    Raises:
        InputError: gamma is not a discount factor.
        UsageError: two options contradict each other, or one is out of its range.
    """
    gamma = request.gamma if request.gamma is not None else mdp.gamma
    gamma = 1.0 if gamma is None else gamma
    if not 0 <= gamma <= 1:
        raise InputError(
            f"gamma is {gamma:g}, expected 0..1", fix="give a discount factor such as --gamma 0.99"
        )
    if request.method != "auto" and request.method not in METHODS:
        raise UsageError(
            f"there is no method {shown(request.method)}",
            fix=meant(request.method, METHODS) + f"use one of auto, {', '.join(METHODS)}",
        )
    if request.bellman and request.method not in ("auto", "value-iteration"):
        raise UsageError(
            f"--bellman is value iteration, but --method is {request.method}",
            fix="leave out one of the two options",
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
            "--trace shows iterations, but --states and --start-only choose rows of states",
            fix="leave out one of them",
        )
    used = [name for name, is_used in special.items() if is_used]
    if (average or request.horizon is not None) and len(used) > 1:
        raise UsageError(f"{' and '.join(used)} cannot be combined", fix="leave out one of them")
    refuse_levels(request)
    refuse_question_options(request, gamma)
    if request.tol is not None and not request.tol > 0:
        raise UsageError(
            f"--tol is {request.tol:g}, expected a number above 0",
            fix="give a number such as --tol 1e-6, or 1e-6r, relative to the largest value",
        )
    if request.horizon is not None and request.horizon < 1:
        raise UsageError(
            f"--horizon is {request.horizon}, expected a whole number from 1",
            fix="give a number such as --horizon 10",
        )
    return gamma


def refuse_question_options(request: SolveRequest, gamma: float) -> None:
    """Refuse questions that do not go together, and options that do not apply to a question.

    Raises:
        UsageError: with the options.
    """
    questions = {
        "--reach": request.reach is not None,
        "--steps-to": request.steps_to is not None,
        "--proper": request.proper,
        f"--rows {request.rows}": request.rows != "pairs",
    }
    used = [name for name, is_used in questions.items() if is_used]
    if not used:
        return
    by_steps = request.reach is not None or request.steps_to is not None
    others = {
        "--horizon": request.horizon is not None and request.rows != "return",
        "--criterion average": request.criterion == "average",
        "--bellman": request.bellman is not None,
        "--trace": request.trace,
        "--gamma": by_steps and request.gamma is not None and request.gamma != 1,
    }
    used += [name for name, is_used in others.items() if is_used]
    if len(used) > 1:
        raise UsageError(f"{' and '.join(used)} cannot be combined", fix="leave out one of them")
    if request.proper and gamma != 1:
        raise UsageError(
            f"--proper is about the total reward, but gamma is {gamma:g}",
            fix="add --gamma 1, or leave out --proper",
        )
