"""Problems and their solutions: the interface of the methods, of the proofs and of `solve`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.numerics.arrays import Floats
from rlcalc.progress import NOW
from rlcalc.result import Fact


class Iteration(NamedTuple):
    """One row of the trace."""

    iteration: int
    change: float  # max |V_new − V|
    bound: float  # on |V_new − V*|; infinite where nothing is proven


class Trace(list[Iteration]):
    """The iterations so far; the last one is the progress that a terminal shows."""

    def append(self, row: Iteration) -> None:
        """Add an iteration."""
        super().append(row)
        if len(self) == 1:
            NOW.begin("solving", unit="sweeps")
        NOW.done, NOW.detail = len(self), f"bound {row.bound:.3g}"


@dataclass(frozen=True)
class Problem:
    """A model, and the bound and effort of its solution.

    A policy is evaluated as the model that it induces (`ExpectedMDP.induced_by`): each state has
    one pair, so that the best value is the policy's value.
    """

    model: ExpectedMDP
    gamma: float
    tol: float  # the target bound on |v − V|; for gamma = 1, on |Tv − v|
    max_iterations: int
    value: Floats | None = None  # [S] where to begin
    jobs: int | None = None
    trace: list[Iteration] = field(default_factory=Trace)

    @property
    def is_policy(self) -> bool:
        """Whether each state has at most one pair, so that there is no choice."""
        return bool((self.model.pair_start[1:] - self.model.pair_start[:-1]).max(initial=0) <= 1)


@dataclass(frozen=True)
class Iterate:
    """The values that a method found; `proofs` bound their error."""

    value: Floats  # [S]
    iterations: int


Method = Callable[[Problem], Iterate]


@dataclass
class Solution:
    """Values with their bound, method and trace."""

    action_value: Floats  # [K]
    value: Floats  # [S]
    bound: float
    method: str
    iterations: int
    trace: list[Iteration] = field(default_factory=list)
    facts: dict[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class ProvenValues:
    """Values, and a number B such that |value − V| ≤ B in every state; |Q − Q*| ≤ B too."""

    value: Floats  # [S]
    bound: float
    action_value: Floats  # [K] one look ahead of values that are as near
