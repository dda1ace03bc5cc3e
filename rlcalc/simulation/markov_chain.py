"""The Markov chain that a policy induces in a model, as one table to draw from at each step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rlcalc.errors import InputError, listed, shown
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Codes, Flags, Floats, Ints
from rlcalc.numerics.kernel import kernel
from rlcalc.policy import Policy
from rlcalc.simulation.alias_table import AliasTable

LARGEST = 1e140
"""The largest reward that is simulated: squares of sums of 2^31 such rewards do not overflow."""

LARGE = 1 << 17
"""Entries from which a compiled search is faster than plain Python with the compiler's start."""


@dataclass(frozen=True)
class MarkovChain:
    """The distribution of (a, s', r) in each of S states, N entries in all, as one table.

    P(a, s', r | s) = π(a|s) P(s', r | s, a)
    """

    mdp: MDP
    policy: Policy
    table: AliasTable  # [S] rows
    pair: Codes  # [N] the state-action pair of each entry
    next_state: Codes  # [N] s', or −s' − 1 if s' is terminal
    reward: Floats  # [N] r
    start_table: AliasTable  # one row: the first state of an episode
    start_states: Codes  # [M] the state of each of its entries

    @classmethod
    def of(cls, mdp: MDP, policy: Policy, start: Floats) -> MarkovChain:
        """Return the chain of a policy.

        Args:
            mdp: the model.
            policy: π(a|s) on its pairs.
            start: [S] the distribution of the first state.

        Raises:
            InputError: an episode can start in a terminal state, or rewards are too large.
        """
        model = mdp.expected
        largest = float(np.abs(mdp.reward).max(initial=0.0))
        if largest > LARGEST:
            raise InputError(
                f"a reward is as large as {largest:g}: the squares of gains would overflow",
                shown(mdp.name),
                f"scale the rewards: they may be up to {LARGEST:g}",
            )
        terminal_starts = np.flatnonzero((start > 0) & model.terminal)
        if len(terminal_starts):
            names = listed(mdp.states.named(terminal_starts[:8]), total=len(terminal_starts))
            raise InputError(
                f"an episode that starts in {names} has no steps: terminal states have no actions",
                fix="give a state with actions as --start",
            )
        pair = np.repeat(np.arange(mdp.n_pairs, dtype=np.int32), np.diff(mdp.outcome_start))
        probability = policy.weight[pair] * mdp.probability
        positive = np.flatnonzero(probability > 0)
        bounds = mdp.outcome_start[mdp.pair_start]
        first = np.searchsorted(positive, bounds) if len(positive) < len(probability) else bounds
        next_state = mdp.next_state[positive]
        signed = np.where(model.terminal[next_state], -next_state - 1, next_state)
        starts = np.flatnonzero(start > 0)
        return cls(
            mdp=mdp,
            policy=policy,
            table=AliasTable.of(probability[positive], first),
            pair=pair[positive],
            next_state=signed.astype(np.int32),
            reward=mdp.reward[positive],
            start_table=AliasTable.of(start[starts], np.array([0, len(starts)])),
            start_states=starts.astype(np.int32),
        )

    @cached_property
    def state(self) -> Codes:
        """[N] the state of each entry."""
        return self.mdp.expected.pair_state[self.pair]

    @cached_property
    def action(self) -> Codes:
        """[N] the action of each entry."""
        return self.mdp.action[self.pair]

    @cached_property
    def never_ending_states(self) -> Ints:
        """The reachable states from which no terminal state can be reached.

        If there are none, an episode ends with probability 1, for there are finitely many states.
        """
        n = self.mdp.n_states
        goes_on = self.next_state >= 0
        edge_start = np.concatenate([[0], np.cumsum(np.bincount(self.state[goes_on], minlength=n))])
        target = self.next_state[goes_on].astype(np.int64)
        reached = np.zeros(n, dtype=bool)
        reached[self.start_states] = True
        _reach(edge_start, target, reached)
        source = self.state[goes_on].astype(np.int64)
        order = np.argsort(target, kind="stable")
        backward_start = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=n))])
        ends = np.zeros(n, dtype=bool)
        ends[self.state[~goes_on]] = True
        _reach(backward_start, source[order], ends)
        return np.flatnonzero(reached & ~ends)

    def require_termination(self) -> None:
        """Refuse a chain whose episodes may never end.

        Raises:
            InputError: some episodes never end.
        """
        if len(self.never_ending_states):
            state = shown(self.mdp.states.named(self.never_ending_states[:1])[0])
            raise InputError(
                f"some episodes never end: from state {state} no terminal state can be reached "
                f"under the policy {shown(self.policy.name)}",
                shown(self.mdp.name),
                "cut episodes with --max-steps N",
            )


def _reach(first: Ints, target: Ints, reached: Flags) -> None:
    """Mark the states that can be reached from the states that are marked.

    `graph.reachability` has this search too, as kernels that compile from 4,096 entries on. Here
    it pays to wait: with 4,000 states (32,000 entries) this takes 0.016 s, they take 0.6 s.
    """
    pending = np.flatnonzero(reached)
    stack = np.empty(len(reached), dtype=np.int64)
    stack[: len(pending)] = pending
    if len(target) > LARGE:
        reach_in_chain.compiled(first, target, reached, stack, len(pending))
        return
    flags = reached.tolist()
    reach_in_chain.plain(first.tolist(), target.tolist(), flags, stack.tolist(), len(pending))
    reached[:] = flags


@kernel
def reach_in_chain(first: Ints, target: Ints, reached: Flags, pending: Ints, n: int) -> None:
    """Mark every state that an edge reaches from a marked one; pending[:n] are the first ones."""
    while n > 0:
        n -= 1
        s = pending[n]
        for i in range(first[s], first[s + 1]):
            if not reached[target[i]]:
                reached[target[i]] = True
                pending[n] = target[i]
                n += 1
