"""Policy rows: the transition matrix of a policy, gathered from the pairs that it chooses."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlcalc.numerics.kernel import kernel
from rlcalc.solvers.methods.bellman_sweeps import ONE, Arrays, Unsigned


class PolicyRows(NamedTuple):
    """Rows of a policy's transition matrix; those of terminal states are empty."""

    row_start: Unsigned  # [S]
    row_end: Unsigned  # [S]
    next_state: Unsigned  # [M]
    probability: NDArray[np.floating[Any]]  # [M]

    @classmethod
    def for_policies_of(cls, model: Arrays, kind: type[np.floating[Any]]) -> PolicyRows:
        """Return rows with room for any policy of a model."""
        longest = int((model.outcome_end - model.outcome_start).max(initial=0))
        room = min(len(model.pair_start) * longest, len(model.next_state))
        start = np.zeros(len(model.pair_start) + 1, dtype=np.uint64)
        return cls(start[:-1], start[1:], np.empty(room, np.uint32), np.empty(room, kind))


@kernel
def gather_policy_rows(model: Arrays, choice: Unsigned, chain: PolicyRows) -> None:
    """Gather the rows of the chosen pairs into the chain."""
    n = np.uint64(0)
    for s in range(len(choice)):
        if model.pair_start[s] < model.pair_end[s]:
            k = choice[s]
            for j in range(model.outcome_start[k], model.outcome_end[k]):
                chain.next_state[n] = model.next_state[j]
                chain.probability[n] = model.probability[j]
                n += ONE
        chain.row_end[s] = n
