"""Every trajectory of a small model, in exact fractions: an independent route to returns."""

from collections import Counter
from fractions import Fraction

from rlcalc.mdp import MDP
from rlcalc.numerics.fractions import fraction as decimal
from tests.solvers.models import Floats

Chances = Counter[Fraction]


def gains_of(mdp: MDP, weight: Floats, gamma: float, steps: int, state: int) -> Chances:
    """The chance of each gain of so many steps from a state, trajectory by trajectory."""
    chances: Chances = Counter()

    def follow(s: int, t: int, gain: Fraction, chance: Fraction) -> None:
        pairs = range(mdp.pair_start[s], mdp.pair_start[s + 1])
        if t == steps or not pairs:
            chances[gain] += chance
            return
        whole = sum(decimal(weight[k]) for k in pairs)
        for k in pairs:
            outcomes = range(mdp.outcome_start[k], mdp.outcome_start[k + 1])
            total = sum(decimal(mdp.probability[i]) for i in outcomes)
            for i in outcomes:
                part = decimal(weight[k]) / whole * decimal(mdp.probability[i]) / total
                if part:
                    more = decimal(gamma) ** t * decimal(mdp.reward[i])
                    follow(int(mdp.next_state[i]), t + 1, gain + more, chance * part)

    follow(state, 0, Fraction(0), Fraction(1))
    return chances


def mean_and_variance(chances: Chances) -> tuple[Fraction, Fraction]:
    mean = sum((x * p for x, p in chances.items()), Fraction(0))
    return mean, sum((p * (x - mean) ** 2 for x, p in chances.items()), Fraction(0))


def quantile_of(chances: Chances, level: Fraction) -> Fraction:
    """The least x with P(G ≤ x) ≥ level."""
    below = Fraction(0)
    for x in sorted(chances):
        below += chances[x]
        if below >= level:
            return x
    return max(chances)


def worst_mean(chances: Chances, level: Fraction) -> Fraction:
    """The mean of the worst share of the gains, gain by gain from the least."""
    left, total = level, Fraction(0)
    for x in sorted(chances):
        part = min(left, chances[x])
        total += part * x
        left -= part
    return total / level
