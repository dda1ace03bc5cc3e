"""A model with a policy folded into it: what is drawn at each step is one entry of one row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rlcalc.errors import InputError, listed, shown
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Codes, Flags, Floats, Ints
from rlcalc.numerics.kernel import kernel
from rlcalc.policy import Policy
from rlcalc.simulation.alias_table import Alias

LARGEST = 1e140
"""The largest reward that is played: the squares of sums of 2^31 of them are numbers still."""

LARGE = 1 << 17
"""Entries from which a compiled loop goes through the states sooner than plain Python."""


@dataclass(frozen=True)
class Chain:
    """S states and what can happen in each, (a, s', r), N entries in all, as one table.

    P(a, s', r | s) = π(a|s) P(s', r | s, a)
    """

    mdp: MDP
    policy: Policy
    table: Alias  # [S] rows
    pair: Codes  # [N] the state-action pair of each entry
    after: Codes  # [N] s', or −s' − 1 where nothing follows
    reward: Floats  # [N] r
    begin: Alias  # one row: where an episode begins
    begin_state: Codes  # [M] the state of each of its entries

    @classmethod
    def of(cls, mdp: MDP, policy: Policy, start: Floats) -> Chain:
        """Fold a policy into a model.

        Args:
            mdp: the model.
            policy: π(a|s) on its pairs.
            start: [S] the distribution of the first state.

        Raises:
            InputError: it can begin where nothing can be done, or rewards are too large.
        """
        model = mdp.expected
        most = float(np.abs(mdp.reward).max(initial=0.0))
        if most > LARGEST:
            raise InputError(
                f"a reward is as large as {most:g}: gains and their squares would be no numbers",
                shown(mdp.name),
                f"rewards up to {LARGEST:g} can be played; scale them",
            )
        idle = np.flatnonzero((start > 0) & model.terminal)
        if len(idle):
            names = listed(mdp.states.named(idle[:8]), total=len(idle))
            raise InputError(
                f"an episode that begins in {names} has no steps: nothing can be done there",
                fix="begin elsewhere, with --start",
            )
        pair = np.repeat(np.arange(mdp.n_pairs, dtype=np.int32), np.diff(mdp.outcome_start))
        chance = policy.weight[pair] * mdp.probability
        kept = np.flatnonzero(chance > 0)
        bounds = mdp.outcome_start[mdp.pair_start]
        first = np.searchsorted(kept, bounds) if len(kept) < len(chance) else bounds
        after = mdp.next_state[kept]
        possible = np.flatnonzero(start > 0)
        return cls(
            mdp=mdp,
            policy=policy,
            table=Alias.of(chance[kept], first),
            pair=pair[kept],
            after=np.where(model.terminal[after], -after - 1, after).astype(np.int32),
            reward=mdp.reward[kept],
            begin=Alias.of(start[possible], np.array([0, len(possible)])),
            begin_state=possible.astype(np.int32),
        )

    @cached_property
    def state(self) -> Codes:
        """[N] the state in which each entry happens."""
        return self.mdp.expected.pair_state[self.pair]

    @cached_property
    def action(self) -> Codes:
        """[N] the action of each entry."""
        return self.mdp.action[self.pair]

    @cached_property
    def endless(self) -> Ints:
        """Return the states that an episode can reach, and from which it can never end.

        If there are none, it ends with probability 1: there are finitely many states, and from each
        of them an end is reached with some probability within a number of steps.
        """
        n = self.mdp.n_states
        leads = self.after >= 0
        edges = np.concatenate([[0], np.cumsum(np.bincount(self.state[leads], minlength=n))])
        ahead = self.after[leads].astype(np.int64)
        reached = np.zeros(n, dtype=bool)
        reached[self.begin_state] = True
        _spread(edges, ahead, reached)
        source = self.state[leads].astype(np.int64)
        order = np.argsort(ahead, kind="stable")
        backwards = np.concatenate([[0], np.cumsum(np.bincount(ahead, minlength=n))])
        ending = np.zeros(n, dtype=bool)
        ending[self.state[~leads]] = True
        _spread(backwards, source[order], ending)
        lost: Ints = np.flatnonzero(reached & ~ending)
        return lost

    def require_end(self) -> None:
        """Refuse a world in which an episode may go on for ever.

        Raises:
            InputError: some of them never end.
        """
        if len(self.endless):
            state = shown(self.mdp.states.named(self.endless[:1])[0])
            raise InputError(
                f"some episodes never end: from state {state} no terminal state can be reached "
                f"under the policy {shown(self.policy.name)}",
                shown(self.mdp.name),
                "say after how many steps to stop looking, with --max-steps",
            )


def _spread(first: Ints, ahead: Ints, reached: Flags) -> None:
    """Reach everything to which edges lead from what is reached already."""
    pending = np.flatnonzero(reached)
    room = np.empty(len(reached), dtype=np.int64)
    room[: len(pending)] = pending
    if len(ahead) > LARGE:
        spread.compiled(first, ahead, reached, room, len(pending))
        return
    flags = reached.tolist()
    spread.plain(first.tolist(), ahead.tolist(), flags, room.tolist(), len(pending))
    reached[:] = flags


@kernel
def spread(first: Ints, ahead: Ints, reached: Flags, pending: Ints, n: int) -> None:
    """Reach every state to which an edge leads from one that is reached: pending[:n] to begin."""
    while n > 0:
        n -= 1
        s = pending[n]
        for i in range(first[s], first[s + 1]):
            if not reached[ahead[i]]:
                reached[ahead[i]] = True
                pending[n] = ahead[i]
                n += 1
