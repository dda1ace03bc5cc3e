"""Chain evaluation: the gain and the bias of a policy from each state, whatever its classes are.

    g = P g,   g + h = r + P h,   and the long-run mean of h is 0

A class is a closed set of states that lead to each other; a terminal state is one of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rlcalc.expected_mdp import UNIT_ROUNDOFF, ExpectedMDP
from rlcalc.graph.end_components import end_components, strong_components
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.solvers.methods import linear
from rlcalc.solvers.proofs.macqueen import rounded_up


@dataclass(frozen=True)
class Classes:
    """The classes of a chain that are not terminal, and a state of each that is visited often."""

    number: Ints  # [S] the class of a state; −1: terminal or transient
    centre: Ints  # [count] z

    @property
    def count(self) -> int:
        """The number of classes."""
        return len(self.centre)

    def spread(self, number_of_class: Floats) -> Floats:
        """Return [S] the number of each state's class, else 0."""
        return np.where(self.number >= 0, np.append(number_of_class, 0)[self.number], 0)


@dataclass(frozen=True)
class Evaluation:
    """The gain and the bias of a policy, and bounds on their errors."""

    gain: Floats  # [S]
    gain_error: float
    bias: Floats  # [S]
    bias_error: float


VISIT_SWEEPS = 20
"""Steps of the chain from which the visits of states are estimated."""


def classes_of(chain: ExpectedMDP) -> Classes:
    """Return the classes of a chain.

    The error of a bias grows with the number of steps until the centre of a class is visited, so
    the centre is a state that is visited often: the most, after some damped steps from all states.

    Args:
        chain: one pair in each state that is not terminal.
    """
    components = end_components(chain, np.ones(chain.n_pairs, dtype=bool))
    if not components.count:
        return Classes(components.number, np.empty(0, dtype=np.int64))
    visits = np.ones(chain.n_states)
    visits[chain.terminal] = 0.0
    length, probability = np.diff(chain.outcome_start), chain.probability.astype(np.float64)
    for _ in range(VISIT_SWEEPS):
        flow = np.repeat(visits[chain.pair_state], length) * probability
        visits = (visits + np.bincount(chain.next_state, flow, chain.n_states)) / 2
    order = np.lexsort([visits, components.number])
    last = np.searchsorted(components.number[order], np.arange(components.count), side="right") - 1
    return Classes(components.number, order[last])


def evaluate(chain: ExpectedMDP, classes: Classes) -> Evaluation:
    """Return the gain and the bias of a policy.

    In each class let a state z be an end. Then v = r + P v is the reward until the next visit of
    z, and w = 1 + P w the number of steps. The gain is g = v/w over one such cycle, and the bias
    is h = v − g w up to a constant: minus the gain of a policy whose reward is h. From transient
    states both follow as what is met at the classes.

    The error: let ρ = r + P h − g − h and N = max(w) / min(w − P w), at least the steps until z. In
    a class g is off by at most max|ρ|. On the way to z, the error of h − h(z) is at most
    M = 2 N max|ρ|, and so is that of its mean. So the error of h is at most 2 M and the error of
    the mean, which is the gain of h: at most max|h + P k − k| for any k. From transient states,
    N max|P g − g| is added to the error of g, and N times the errors of g and ρ to that of h.

    Args:
        chain: one pair in each state that is not terminal; in fractions only the result is rounded.
        classes: of the chain.

    Source: Puterman (1994), section 8.2 and appendix A; the errors are elementary.
    """
    recurrent = classes.number >= 0
    transient = ~recurrent & ~chain.terminal
    steps = returns_to_centres(chain, classes, chain.reward)
    gain = classes.spread(steps.gain)
    has_one_class = classes.count + chain.terminal.any() < 2
    if has_one_class:
        gain[:] = steps.gain.sum()  # of one class, or of none
        recurrent, transient = ~chain.terminal, transient & False
    elif transient.any():
        gain = _met_at_classes(chain, transient, chain.reward * 0, gain)
    bias, mean_error = steps.value - gain * steps.steps, 0.0
    if classes.count:
        mean = returns_to_centres(chain, classes, bias[chain.pair_state])
        shift = mean.gain if has_one_class else classes.spread(mean.gain)
        bias = bias - shift
        mean_error = _mean_error(chain, bias, mean.value - shift * mean.steps, classes.number >= 0)
    if transient.any():
        bias = _met_at_classes(chain, transient, chain.reward - gain[chain.pair_state], bias)
    gain_error = _residual(chain, gain, bias, recurrent)
    bias_error = 4 * _most_steps(chain, classes, steps.steps, recurrent) * gain_error + mean_error
    if not classes.count:
        gain_error, bias_error = 0.0, bias_error / 2  # the gain is 0, and the mean too
    if transient.any():
        most_steps = _most_steps(chain, classes, steps.steps, transient)
        off = np.abs(chain.expected_next(gain) - gain[chain.pair_state])
        rounding = replace(chain, largest_reward=0.0).rounding(gain, 1.0)
        gain_error += most_steps * (float(off[transient[chain.pair_state]].max()) + rounding)
        bias_error += most_steps * (_residual(chain, gain, bias, transient) + gain_error)
    gain, bias = gain.astype(np.float64), bias.astype(np.float64)
    gain_error, bias_error = rounded_up(gain_error), rounded_up(bias_error)
    if chain.exact:
        gain_error += UNIT_ROUNDOFF * float(np.abs(gain).max())
        bias_error += UNIT_ROUNDOFF * float(np.abs(bias).max())
    if not np.isfinite(gain).all() or not np.isfinite(bias).all():
        gain_error = bias_error = np.inf
    return Evaluation(gain, gain_error, bias, bias_error)


@dataclass(frozen=True)
class Returns:
    """Reward and steps until the next centre, and the gain of each class."""

    gain: Floats  # [count]
    value: Floats  # [S] v, 0 at the centres
    steps: Floats  # [S] w, 0 at the centres


def returns_to_centres(chain: ExpectedMDP, classes: Classes, reward: Floats) -> Returns:
    """Return v, w and g = v/w of a chain with these rewards, whose centres are ends.

    Args:
        chain: one pair in each state that is not terminal.
        classes: of the chain.
        reward: [K].
    """
    away: Flags = np.ones(chain.n_states, dtype=bool)
    away[classes.centre] = False
    away = away[chain.pair_state]
    one = np.ones(chain.n_pairs, dtype=chain.reward.dtype)
    rewards = np.stack([reward, one], axis=1)
    v, w = _solve_system(chain.keep(away), rewards[away]).T
    back = chain.pair_start[classes.centre]
    gain = (reward + chain.expected_next(v))[back] / (1 + chain.expected_next(w))[back]
    return Returns(gain, v, w)


def _met_at_classes(chain: ExpectedMDP, transient: Flags, reward: Floats, known: Floats) -> Floats:
    """Return x = reward + P x in transient states, where x is known in all others."""
    part = chain.keep(transient[chain.pair_state])
    met = reward + chain.expected_next(np.where(transient, 0, known))
    solved = _solve_system(part, met[transient[chain.pair_state], None])[:, 0]
    return np.where(transient, solved, known)


def _solve_system(chain: ExpectedMDP, rewards: Floats) -> Floats:
    """Return v = rewards + P v, by factors where no large set of states leads to each other."""
    if chain.n_states > linear.DENSE and not chain.exact:
        number = strong_components(chain, np.ones(chain.n_pairs, dtype=bool))
        if np.bincount(number).max() <= linear.DENSE:
            return linear.solve_by_factors(chain, 1.0, rewards)
    return linear.solve_system(chain, 1.0, rewards)


def _residual(chain: ExpectedMDP, gain: Floats, bias: Floats, states: Flags) -> float:
    """Return max|r + P h − g − h| over some states, with room for rounding."""
    rows = states[chain.pair_state]
    if not rows.any():
        return 0.0
    near = bias if states.all() else np.where(_met_by(chain, rows), bias, 0)
    off = chain.reward + chain.expected_next(near) - (gain + bias)[chain.pair_state]
    return float(np.abs(off[rows]).max()) + chain.rounding(near, 1.0) + chain.noise(gain, near)


def _met_by(chain: ExpectedMDP, rows: Flags) -> Flags:
    """Return the states of some pairs and those that they lead to."""
    met: Flags = np.zeros(chain.n_states, dtype=bool)
    met[chain.pair_state[rows]] = True
    met[chain.next_state[np.repeat(rows, np.diff(chain.outcome_start))]] = True
    return met


def _mean_error(chain: ExpectedMDP, bias: Floats, k: Floats, recurrent: Flags) -> float:
    """Return max|h + P k − k| in the classes, with room for rounding."""
    k, bias = np.where(recurrent, k, 0), np.where(recurrent, bias, 0)
    off = chain.expected_next(k) + (bias - k)[chain.pair_state]
    rounding = replace(chain, largest_reward=0.0).rounding(k, 1.0) + chain.noise(bias, k)
    return float(np.abs(off[recurrent[chain.pair_state]]).max()) + rounding


def _most_steps(chain: ExpectedMDP, classes: Classes, w: Floats, states: Flags) -> float:
    """Return N = max(w) / min(w − P w), a bound on the steps until a centre or an end.

    Args:
        chain: one pair in each state that is not terminal.
        classes: of the chain.
        w: [S] about as many steps as it takes.
        states: [S] where one starts.
    """
    away = ~chain.terminal
    away[classes.centre] = False
    progress = (w[chain.pair_state] - chain.expected_next(w))[away[chain.pair_state]]
    rounding = replace(chain, largest_reward=1.0).rounding(w, 1.0) + chain.noise(w)
    least = float(progress.min(initial=1.0)) - rounding
    return float(w[states].max(initial=0.0) / least) if least > 0 and w.min() >= 0 else np.inf


def closed_set_gain(chain: ExpectedMDP, states: Ints) -> float:
    """Return the average reward of a closed set of a chain."""
    inside = np.isin(chain.pair_state, states)
    moves = linear.dense_transition(chain.keep(inside), 1.0)[1]
    system = np.eye(len(states)) - moves.T
    system[0] = 1.0
    share = np.linalg.solve(system, np.eye(len(states))[0])
    return float(share @ chain.reward[inside])
