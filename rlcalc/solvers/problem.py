"""Problems and their solutions: the interface of the methods, of the proofs and of `solve`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.numerics.arrays import Codes, Floats
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


@dataclass(frozen=True)
class AverageGain:
    """The average reward from each state, and after each pair."""

    of_state: Floats  # [S] g(s)
    of_pair: Floats  # [K] Σ_s' P(s'|s,a) g(s')
    best: Floats | None  # [K] π(a|s) of a best policy where the best Q does not show it


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
    gain: AverageGain | None = None  # of average reward, where the values are the bias

    def preference(self, tolerance: float, state: Codes) -> Floats:
        """Return [K] Q, but −∞ of the pairs after which the gain is less.

        Args:
            tolerance: the difference of gains that is none.
            state: [K] the state of each pair.
        """
        if self.gain is None:
            return self.action_value
        less = self.gain.of_pair < self.gain.of_state[state] - tolerance
        return np.where(less, -np.inf, self.action_value)


@dataclass(frozen=True)
class ProvenValues:
    """Values, and a number B such that |value − V| ≤ B in every state; |Q − Q*| ≤ B too."""

    value: Floats  # [S]
    bound: float
    action_value: Floats  # [K] one look ahead of values that are as near
