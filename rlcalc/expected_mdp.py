"""The model with expected rewards as flat sparse arrays, and its Bellman backups.

It has no names and no random rewards; `MDP` has both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rlcalc.numerics.arrays import Codes, Flags, Floats, Ints, gather_ranges
from rlcalc.numerics.fractions import fraction, fractions_of
from rlcalc.numerics.kernel import kernel

UNIT_ROUNDOFF = 2.0**-53


@dataclass(frozen=True)
class ExpectedMDP:
    """S states, their K state-action pairs, the N outcomes of these, and expected rewards.

    State s has the pairs pair_start[s] : pair_start[s + 1]; one without pairs is terminal: V = 0.
    Pair k has the outcomes outcome_start[k] : outcome_start[k + 1], at least one.

    Probabilities and rewards may be arrays of `Fraction` instead: then every backup is exact.
    """

    pair_start: Ints  # [S + 1] offsets, from 0 to K
    outcome_start: Ints  # [K + 1] offsets, from 0 to N
    next_state: Codes  # [N] s'
    probability: Floats  # [N] P(s' | s, a); those of a pair sum to 1
    reward: Floats  # [K] r(s, a), in reward units
    largest_reward: float  # max |r| over all outcomes, for bounds on rounding
    same_sign: bool = False  # whether no rewards can cancel in r(s,a)

    @property
    def n_states(self) -> int:
        """S."""
        return len(self.pair_start) - 1

    @property
    def n_pairs(self) -> int:
        """K."""
        return len(self.outcome_start) - 1

    @property
    def n_outcomes(self) -> int:
        """N."""
        return len(self.next_state)

    @cached_property
    def terminal(self) -> Flags:
        """[S] whether the state has no actions."""
        ends: Flags = np.diff(self.pair_start) == 0
        return ends

    @cached_property
    def pair_state(self) -> Codes:
        """[K] the state of each pair."""
        return np.repeat(np.arange(self.n_states, dtype=np.int32), np.diff(self.pair_start))

    @property
    def exact(self) -> bool:
        """Whether its numbers are fractions."""
        return self.reward.dtype == object

    @cached_property
    def most_outcomes(self) -> int:
        """The largest number of outcomes that a pair has."""
        return int(np.diff(self.outcome_start).max(initial=0))

    def action_value(self, value: Floats, gamma: float) -> Floats:
        """Return the action values that follow from values.

            Q(s,a) = r(s,a) + γ Σ_s' P(s'|s,a) V(s')

        Args:
            value: [S] in reward units; 0 in terminal states.
            gamma: the discount factor a step.

        Returns:
            [K] action values.

        Source: Sutton & Barto (2018), eq. 3.14 and 4.10.
        """
        if self.n_outcomes > LARGE:
            q = np.empty(self.n_pairs)
            expected_action_value(
                self.outcome_start, self.next_state, self.probability, self.reward, gamma, value, q
            )
            return q
        ahead = self.expected_next(value)
        return self.reward + ahead * (fraction(gamma) if self.exact else gamma)  # type: ignore[operator]

    def expected_next(self, value: Floats) -> Floats:
        """Return [K] Σ_s' P(s'|s,a) V(s'), the expected value of the next state."""
        expected: Floats = np.add.reduceat(
            self.probability * value[self.next_state], self.outcome_start[:-1]
        )
        return expected

    def best(self, action_value: Floats) -> Floats:
        """Return the largest action value of each state, else 0: V(s) = max_a Q(s,a)."""
        value = np.zeros(self.n_states, dtype=action_value.dtype)
        if self.n_pairs > LARGE and not self.exact:
            largest_of_states(self.pair_start, action_value, value)
        else:
            value[~self.terminal] = np.maximum.reduceat(action_value, self._first_pairs)
        return value

    def mean(self, action_value: Floats, weight: Floats) -> Floats:
        """Return the policy's mean of the action values: V(s) = Σ_a π(a|s) Q(s,a).

        Args:
            action_value: [K].
            weight: [K] π(a|s).
        """
        value = np.zeros(self.n_states, dtype=action_value.dtype)
        if self.n_pairs > LARGE and not self.exact:
            means_of_states(self.pair_start, action_value, weight, value)
        else:
            value[~self.terminal] = np.add.reduceat(weight * action_value, self._first_pairs)
        return value

    def greedy(self, action_value: Floats) -> Ints:
        """Return the best pair of each state, the first on ties; −1 in terminal ones."""
        best = self.best(action_value)
        is_best = np.flatnonzero(action_value == best[self.pair_state])
        chosen = np.full(self.n_states, -1, dtype=np.int64)
        chosen[self.pair_state[is_best[::-1]]] = is_best[::-1]
        return chosen

    def rounding(self, value: Floats, gamma: float) -> float:
        """Return a bound on the rounding error of `action_value`.

            |fl(q) − q| ≤ (3 n + 8) u (max|r| + γ max|v|),  u = 2^−53,

        where n is the largest number of outcomes of a pair: n + 1 roundings in r(s,a), as many in
        the sum over s', as many because probabilities are rounded; and some to spare.

        Source: Higham, Accuracy and Stability of Numerical Algorithms (2002), section 3.1.
        """
        if self.exact:
            return 0  # a whole number, which leaves fractions fractions
        size = self.largest_reward + gamma * float(np.abs(value).max(initial=0.0))
        return (3 * self.most_outcomes + 8) * UNIT_ROUNDOFF * size

    def noise(self, *values: Floats) -> float:
        """Return a bound on the rounding of a few sums and differences of such values."""
        if self.exact:
            return 0  # a whole number, which leaves fractions fractions
        return 8 * UNIT_ROUNDOFF * max(float(np.abs(v).max(initial=0.0)) for v in values)

    def only(self, chosen: Ints) -> ExpectedMDP:
        """Return the model in which each state has just one of its pairs.

        Args:
            chosen: [S] a pair of each state, −1 in terminal ones.
        """
        kept = np.zeros(self.n_pairs, dtype=bool)
        kept[chosen[chosen >= 0]] = True
        return self.keep(kept)

    def keep(self, kept: Flags) -> ExpectedMDP:
        """Return the model with some of its pairs.

        Args:
            kept: [K] which pairs; at least one of each state that is not to become terminal.
        """
        pair = np.flatnonzero(kept)
        outcome_start, outcome = gather_ranges(self.outcome_start, pair)
        return replace(
            self,
            pair_start=np.concatenate([[0], np.cumsum(kept)])[self.pair_start],
            outcome_start=outcome_start,
            next_state=self.next_state[outcome],
            probability=self.probability[outcome],
            reward=self.reward[pair],
        )

    def induced_by(self, weight: Floats) -> ExpectedMDP:
        """Return the model that a policy induces: each state has one pair.

            P_π(s'|s) = Σ_a π(a|s) P(s'|s,a),   r_π(s) = Σ_a π(a|s) r(s,a)

        Its optimal value is the policy's value, so that whatever solves also evaluates.

        Args:
            weight: [K] π(a|s); those of a state sum to 1.
        """
        length = np.diff(self.outcome_start)
        if self.exact:
            weight = fractions_of(weight)
            weight = weight / self.mean(np.ones_like(weight), weight)[self.pair_state]
        share = np.repeat(weight, length)
        taken = np.flatnonzero(share)
        ends = self.outcome_start[self.pair_start[1:][~self.terminal]]
        return replace(
            self,
            pair_start=np.concatenate([[0], np.cumsum(~self.terminal)]),
            outcome_start=np.concatenate([[0], np.searchsorted(taken, ends)]),
            next_state=self.next_state[taken],
            probability=(share * self.probability)[taken],
            reward=self.mean(self.reward, weight)[~self.terminal],
        )

    @cached_property
    def _first_pairs(self) -> Ints:
        return self.pair_start[:-1][~self.terminal]


LARGE = 1 << 16
"""Outcomes, or pairs, from which a compiled loop is faster, its start included."""


@kernel
def expected_action_value(
    outcome_start: Ints,
    next_state: Codes,
    probability: Floats,
    reward: Floats,
    gamma: float,
    value: Floats,
    q: Floats,
) -> None:
    """q(s,a) ← r(s,a) + γ Σ_s' P(s'|s,a) V(s')."""
    for k in range(len(outcome_start) - 1):
        ahead = 0.0
        for i in range(outcome_start[k], outcome_start[k + 1]):
            ahead += probability[i] * value[next_state[i]]
        q[k] = reward[k] + gamma * ahead


@kernel
def largest_of_states(pair_start: Ints, action_value: Floats, value: Floats) -> None:
    """v(s) ← max_a q(s,a), which is not a number where one of them is not; else 0."""
    for s in range(len(pair_start) - 1):
        if pair_start[s] < pair_start[s + 1]:
            best = action_value[pair_start[s]]
            for k in range(pair_start[s] + 1, pair_start[s + 1]):
                if action_value[k] > best or np.isnan(action_value[k]):
                    best = action_value[k]
            value[s] = best


@kernel
def means_of_states(pair_start: Ints, action_value: Floats, weight: Floats, value: Floats) -> None:
    """v(s) ← Σ_a π(a|s) q(s,a)."""
    for s in range(len(pair_start) - 1):
        mean = 0.0
        for k in range(pair_start[s], pair_start[s + 1]):
            mean += weight[k] * action_value[k]
        value[s] = mean
