"""The target policy: the one whose gradient is estimated, with its model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rlcalc.errors import InputError, listed, shown
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.trajectories import Trajectories


@dataclass(frozen=True)
class TargetPolicy:
    """The policy whose gradient is estimated, and its model."""

    mdp: MDP
    weight: Floats  # [K] π(a|s)
    gamma: float
    discount_weight: bool = True  # with the factor γ^t

    @cached_property
    def log_weight(self) -> Floats:
        """[K] log π(a|s), 0 where π is."""
        return np.log(np.where(self.weight > 0, self.weight, 1.0))

    def pairs(self, piece: Trajectories) -> Ints:
        """Return [T] the state-action pair of each step.

        Raises:
            InputError: a step has an action that its state lacks.
        """
        key, order = self._keys
        step_key = piece.state.astype(np.int64) * len(self.mdp.actions) + piece.action
        place = np.minimum(np.searchsorted(key, step_key), len(key) - 1)
        wrong = np.flatnonzero(key[place] != step_key)
        if len(wrong):
            state, action = int(piece.state[wrong[0]]), int(piece.action[wrong[0]])
            pairs = slice(int(self.mdp.pair_start[state]), int(self.mdp.pair_start[state + 1]))
            names = [self.mdp.actions.texts[a] for a in self.mdp.action[pairs]]
            raise InputError(
                f"the model has no action {shown(piece.actions.texts[action])} in state "
                f"{shown(piece.states.texts[state])}",
                fix=f"its actions are {listed(names)}"
                if names
                else "that state is terminal in the model: end the trajectory there",
            )
        return order[place]

    @cached_property
    def _keys(self) -> tuple[Ints, Ints]:
        """The sorted keys of the state-action pairs, and the pair of each."""
        n = len(self.mdp.actions)
        key = self.mdp.expected.pair_state.astype(np.int64) * n + self.mdp.action
        order = np.argsort(key, kind="stable")
        return key[order], order
