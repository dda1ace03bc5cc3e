"""Outcomes: what a step of a policy may bring from each state whose gain is not yet certain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.graph.reachability import distances, reachable
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Codes, Flags, Floats, Ints, gather_ranges


@dataclass(frozen=True)
class PolicyOutcomes:
    """The outcomes of A active states; state A stands for all others, and nothing follows it."""

    start: Ints  # [A + 1] the outcomes of each active state, at least one
    next_state: Codes  # [N] 0..A
    pair: Ints  # [N] rising
    share: Floats  # [N] π(a|s) > 0
    chance: Floats  # [N] P(s', r|s, a) > 0
    reward: Floats  # [N] r

    @classmethod
    def of(cls, mdp: MDP, weight: Floats, active: Ints) -> PolicyOutcomes:
        """Return the outcomes that a policy may meet.

        Args:
            mdp: the model.
            weight: [K] π(a|s).
            active: [A] rising states.
        """
        number = np.full(mdp.n_states, len(active), dtype=np.int32)
        number[active] = np.arange(len(active))
        _, pair = gather_ranges(mdp.pair_start, active)
        start, outcome = gather_ranges(mdp.outcome_start, pair)
        pair = np.repeat(pair, np.diff(start))
        taken = (weight[pair] > 0) & (mdp.probability[outcome] > 0)
        pair, outcome = pair[taken], outcome[taken]
        state = number[mdp.expected.pair_state[pair]]
        return cls(
            np.searchsorted(state, np.arange(len(active) + 1)),
            number[mdp.next_state[outcome]],
            pair,
            weight[pair],
            mdp.probability[outcome],
            mdp.reward[outcome],
        )

    @property
    def n_active(self) -> int:
        """A."""
        return len(self.start) - 1

    @property
    def widest(self) -> int:
        """The largest number of outcomes of a state."""
        return int(np.diff(self.start).max(initial=1))

    @property
    def probability(self) -> Floats:
        """[N] π(a|s) P(s', r|s, a)."""
        return self.share * self.chance

    @property
    def state(self) -> Ints:
        """[N] the state of each outcome, 0..A − 1."""
        return np.repeat(np.arange(self.n_active), np.diff(self.start))

    def combined(self, by: np.ufunc, of_outcomes: Floats) -> Floats:
        """Return [A + 1] a sum, minimum or maximum over the outcomes of each state, and a 0."""
        combined: Floats = np.append(by.reduceat(of_outcomes, self.start[:-1]), 0.0)
        return combined

    def step_of_extremes(self, low: Floats, high: Floats, gamma: float) -> tuple[Floats, Floats]:
        """Return [A + 1] the least and the largest gain one step deeper."""
        return (
            self.combined(np.minimum, self.reward + gamma * low[self.next_state]),
            self.combined(np.maximum, self.reward + gamma * high[self.next_state]),
        )

    def unfinished(self, chance: Floats) -> Floats:
        """Return [A + 1] the chance that a game goes on for one step more."""
        return self.combined(np.add, self.probability * chance[self.next_state])


def active_states(mdp: MDP, weight: Floats | None, rows: Ints) -> Ints:
    """Return the states that may be met from some, and after which a reward may follow.

    Args:
        mdp: the model.
        weight: [K] the policy; None: any.
        rows: the states whose gain is of interest.
    """
    chain = mdp.expected if weight is None else mdp.expected.induced_by(weight)
    earns = mdp.reward != 0
    if weight is not None:
        earns &= np.repeat(weight > 0, np.diff(mdp.outcome_start))
    earning: Flags = np.zeros(mdp.n_states, dtype=bool)
    earning[np.repeat(mdp.expected.pair_state, np.diff(mdp.outcome_start))[earns]] = True
    chosen: Flags = np.zeros(mdp.n_states, dtype=bool)
    chosen[rows] = True
    return np.flatnonzero(reachable(chain, chosen) & (distances(chain, earning) >= 0))
