"""The score function of a softmax policy, ∂ log π(a|s) / ∂θ(s,b) = 1[a = b] − π(b|s)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats, Ints, compact_codes, gather_ranges
from rlcalc.trajectories import Trajectories


@dataclass(frozen=True)
class ScoreFunction:
    """The map from Ψ_t to each episode's gradient, at the parameters of the states it visits."""

    action_entry: Ints  # [T] the entry of each step's state and action, in its episode
    state_visit: Ints  # [T] the state, in its episode
    width: Ints  # [cells] how many actions there are
    pair: Ints  # [C] the parameter of each entry
    weight: Floats  # [C] π(b|s)

    @classmethod
    def of(cls, piece: Trajectories, mdp: MDP, weight: Floats, pair: Ints) -> ScoreFunction:
        """Return the scores of some episodes.

        Args:
            piece: the episodes.
            mdp: the model.
            weight: [K] π(a|s).
            pair: [T] the state-action pair of each step.
        """
        key = piece.trajectory.astype(np.int64) * mdp.n_states + piece.state
        state_visit, visited = compact_codes(key, len(piece) * mdp.n_states)
        state = visited % mdp.n_states
        width = np.diff(mdp.pair_start)[state]
        edge, entry = gather_ranges(mdp.pair_start, state)
        return cls(
            action_entry=edge[state_visit] + pair - mdp.pair_start[piece.state],
            state_visit=state_visit,
            width=width,
            pair=entry,
            weight=weight[entry],
        )

    def __call__(self, psi: Floats) -> Floats:
        """Return [C] Σ_t Ψ_t (1[a_t = b] − π(b|s)) over an episode's visits to s."""
        own = np.bincount(self.action_entry, psi, len(self.pair))
        every = np.repeat(np.bincount(self.state_visit, psi, len(self.width)), self.width)
        return own - self.weight * every
