"""End components, closed sets and strong components, by brute force and by hand."""

import numpy as np

from rlcalc.graph.end_components import closed_sets, end_components, strong_components
from rlcalc.mdp import MDP
from tests.solvers.models import mdp_of, random_model


def test_closed_sets_by_hand() -> None:
    """0 → 1 or 3, 1 ↔ 2, 3 → 3, 4 terminal: one stays in {1, 2} and in {3}."""
    rows = {
        (0, 0): [(1, 0.5, 0.0), (3, 0.5, 0.0)],
        (1, 0): [(2, 1.0, 0.0)],
        (2, 0): [(1, 1.0, 0.0)],
        (3, 0): [(3, 1.0, 0.0)],
    }
    closed = closed_sets(mdp_of(rows, 5).expected)

    assert sorted(states.tolist() for states in closed) == [[1, 2], [3]]
    assert closed_sets(mdp_of({(0, 0): [(1, 1.0, 0.0)]}, 2).expected) == []


def test_end_components_are_those_of_a_plain_search() -> None:
    """A set of states, none smaller allowed to leave: by brute force over all subsets."""
    for seed in range(40):
        mdp = random_model(np.random.default_rng(seed), 5, n_actions=2, branching=2)
        model = mdp.expected
        allowed = np.random.default_rng(seed).random(model.n_pairs) < 0.6
        found = end_components(model, allowed)
        largest = [-1] * model.n_states
        for members in sorted(range(1, 32), key=int.bit_count):
            if _is_end_component(model, allowed, members):
                for s in range(5):
                    largest[s] = members if members >> s & 1 else largest[s]
        for s in range(5):
            mine = sum(1 << t for t in range(5) if found.number[t] == found.number[s] != -1)
            assert mine == max(largest[s], 0)


def _is_end_component(model: object, allowed: np.ndarray, members: int) -> bool:
    edges: dict[int, set[int]] = {s: set() for s in range(5) if members >> s & 1}
    for k in np.flatnonzero(allowed):
        s = int(model.pair_state[k])  # type: ignore[attr-defined]
        after = model.next_state[model.outcome_start[k] : model.outcome_start[k + 1]]  # type: ignore[attr-defined]
        if s in edges and all(members >> int(t) & 1 for t in after):
            edges[s] |= {int(t) for t in after}
    reach = {s: {s} for s in edges}
    for _ in range(5):
        reach = {s: far.union(*(edges[t] for t in far)) for s, far in reach.items()}
    return all(edges[s] and far == set(edges) for s, far in reach.items())


def test_strong_components_of_a_long_cycle_need_no_recursion() -> None:
    n = 3000
    mdp = MDP.from_rows(np.arange(n), np.zeros(n), (np.arange(n) + 1) % n, np.ones(n), np.zeros(n))
    number = strong_components(mdp.expected, np.ones(n, dtype=bool))

    assert len(set(number.tolist())) == 1
