"""Average reward in exact fractions: gain and bias of a policy, the best gain of all policies."""

from fractions import Fraction
from itertools import pairwise, product

import numpy as np

from rlcalc.mdp import MDP
from rlcalc.numerics.fractions import fraction
from tests.solvers.models import dense

Matrix = list[list[Fraction]]


def solved(matrix: Matrix, right: Matrix) -> Matrix:
    """Gauss and Jordan, in fractions; a singular matrix is an error."""
    rows = [[*row, *b] for row, b in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        pivot = next(j for j in range(i, len(rows)) if rows[j][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [entry / rows[i][i] for entry in rows[i]]
        for j in range(len(rows)):
            if j != i and rows[j][i]:
                rows[j] = [a - rows[j][i] * b for a, b in zip(rows[j], rows[i], strict=True)]
    return [row[len(matrix) :] for row in rows]


def identity_minus(chain: Matrix) -> Matrix:
    """I − P."""
    n = len(chain)
    return [[Fraction(int(s == t)) - chain[s][t] for t in range(n)] for s in range(n)]


def recurrent_classes(chain: Matrix) -> list[list[int]]:
    """The sets of states that lead to each other and nowhere else."""
    n = len(chain)
    leads = np.array([[bool(p) for p in row] for row in chain]) | np.eye(n, dtype=bool)
    for _ in range(n):
        leads = leads @ leads
    classes = {tuple(np.flatnonzero(leads[s])) for s in range(n) if (leads[:, s] >= leads[s]).all()}
    return [list(map(int, states)) for states in classes]


def limiting(chain: Matrix) -> Matrix:
    """P*, the long-run share of time in each state: μ (I − P) = 0 and Σ μ = 1 in each class."""
    n = len(chain)
    share = [[Fraction(0)] * n for _ in range(n)]
    classes = recurrent_classes(chain)
    recurrent = sorted(s for states in classes for s in states)
    for states in classes:
        left = identity_minus([[chain[s][t] for t in states] for s in states])
        balance = [[left[s][t] for s in range(len(states))] for t in range(len(states) - 1)]
        balance += [[Fraction(1)] * len(states)]
        right = [[Fraction(0)]] * (len(states) - 1) + [[Fraction(1)]]
        for s in states:
            for t, (mu,) in zip(states, solved(balance, right), strict=True):
                share[s][t] = mu
    others = [s for s in range(n) if s not in recurrent]
    if others:
        right = [
            [sum((chain[s][u] * share[u][t] for u in recurrent), Fraction(0)) for t in range(n)]
            for s in others
        ]
        inside = identity_minus([[chain[s][t] for t in others] for s in others])
        for s, row in zip(others, solved(inside, right), strict=True):
            share[s] = row
    return share


def gain_and_bias(mdp: MDP, weight: list[Fraction]) -> tuple[list[Fraction], list[Fraction]]:
    """Of a policy: g = P* r and (I − P + P*) h = r − g. Terminal states stay where they are."""
    p, r = dense(mdp)
    n = mdp.n_states
    state = np.repeat(np.arange(n), np.diff(mdp.pair_start)).tolist()
    chain = [[Fraction(0)] * n for _ in range(n)]
    earned = [Fraction(0)] * n
    for k, s in enumerate(state):
        if weight[k]:
            earned[s] += weight[k] * fraction(r[k])
            chain[s] = [a + weight[k] * fraction(b) for a, b in zip(chain[s], p[k], strict=True)]
    for s in set(range(n)) - set(state):
        chain[s][s] = Fraction(1)
    share, left = limiting(chain), identity_minus(chain)
    gain = [sum((m * e for m, e in zip(row, earned, strict=True)), Fraction(0)) for row in share]
    system = [[left[s][t] + share[s][t] for t in range(n)] for s in range(n)]
    bias = solved(system, [[e - g] for e, g in zip(earned, gain, strict=True)])
    return gain, [h for (h,) in bias]


def uniform(mdp: MDP) -> list[Fraction]:
    """1 / |A(s)| for each pair."""
    counts = np.diff(mdp.pair_start)
    return [Fraction(1, int(n)) for n in counts.tolist() for _ in range(n)]


def best_gain(mdp: MDP) -> list[Fraction]:
    """The largest gain from each state, of every policy that takes one action in each state."""
    start = mdp.pair_start.tolist()
    choices = [range(a, b) or [-1] for a, b in pairwise(start)]
    gains = []
    for pairs in product(*choices):
        weight = [Fraction(int(k in pairs)) for k in range(mdp.n_pairs)]
        gains.append(gain_and_bias(mdp, weight)[0])
    return [max(several) for several in zip(*gains, strict=True)]
