"""The policy gradient from episodes: E[Σ_t ∇ log π(a_t|s_t) Ψ_t], for several Ψ, with error bars.

The policy is softmax in a table of logits, so ∂ log π(a|s) / ∂θ(s,b) = 1[a = b] − π(b|s). Exact
values come from whoever calls; batches are summarised by themselves and merged in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal

import numpy as np

from rlcalc.errors import InputError, shown
from rlcalc.estimators.gain import discounted_sum
from rlcalc.mdp import MDP
from rlcalc.trajectories import Floats, Ints, Trajectories

Form = Literal["trajectory", "gain", "q", "advantage"]
Baseline = Literal["none", "mean", "value", "optimal"]
FORMS: tuple[Form, ...] = ("trajectory", "gain", "q", "advantage")
WITH_BASELINE: tuple[Form, ...] = ("trajectory", "gain")
BASELINES: tuple[Baseline, ...] = ("none", "mean", "value", "optimal")
Engine = Callable[
    [Callable[[Trajectories], "Summary"], Iterable[Trajectories]], Iterable["Summary"]
]

CERTAIN = 1e-9
"""What a probability that was written down may be off by."""


@dataclass(frozen=True)
class Plan:
    """What is estimated, and from what: a model, the policy's weights, and values to lean on."""

    mdp: MDP
    weight: Floats  # [K] π(a|s)
    gamma: float
    value: Floats  # [S] V(s), exact or not
    action_value: Floats  # [K] Q(s,a), exact or not
    forms: tuple[Form, ...] = FORMS
    baseline: Baseline = "none"
    discount_weight: bool = True  # with the factor γ^t

    @cached_property
    def log_weight(self) -> Floats:
        """[K] log π(a|s), 0 where π is."""
        return np.log(np.where(self.weight > 0, self.weight, 1.0))

    def pairs(self, piece: Trajectories) -> Ints:
        """Return [T] the state-action pair of each step.

        Raises:
            InputError: a step does what cannot be done there.
        """
        key, order = self._keys
        asked = piece.state.astype(np.int64) * len(self.mdp.actions) + piece.action
        place = np.minimum(np.searchsorted(key, asked), len(key) - 1)
        wrong = np.flatnonzero(key[place] != asked)
        if len(wrong):
            state, action = piece.state[wrong[0]], piece.action[wrong[0]]
            raise InputError(
                f"there is no action {shown(piece.actions.texts[action])} in state "
                f"{shown(piece.states.texts[state])} of the model",
                fix="give trajectories of this model",
            )
        return order[place]

    @cached_property
    def _keys(self) -> tuple[Ints, Ints]:
        """What tells state-action pairs apart, rising; and the pair of each."""
        n = len(self.mdp.actions)
        key = self.mdp.expected.pair_state.astype(np.int64) * n + self.mdp.action
        order = np.argsort(key, kind="stable")
        return key[order], order


@dataclass(frozen=True)
class Controlled:
    """Moments of x and of h over n episodes, for several keys: those of x − b h for any b.

    Here x is an episode's gradient without a baseline, and h is what a baseline of 1 takes off.
    """

    n: int
    x: Floats  # mean
    h: Floats
    xx: Floats  # Σ (x_e − x)²
    xh: Floats  # Σ (x_e − x)(h_e − h)
    hh: Floats

    @classmethod
    def of(cls, n: int, size: int, key: Ints, x: Floats, h: Floats) -> Controlled:
        """Return the moments of n episodes, of which those not listed for a key have x = h = 0.

        Args:
            n: episodes.
            size: keys.
            key: [C] at most once an episode.
            x: [C].
            h: [C].
        """

        def total(values: Floats) -> Floats:
            return np.bincount(key, values, size).astype(np.float64)

        x_mean, h_mean = total(x) / n, total(h) / n
        absent = n - np.bincount(key, minlength=size)
        x_left, h_left = x - x_mean[key], h - h_mean[key]
        return cls(
            n=n,
            x=x_mean,
            h=h_mean,
            xx=total(x_left**2) + absent * x_mean**2,
            xh=total(x_left * h_left) + absent * x_mean * h_mean,
            hh=total(h_left**2) + absent * h_mean**2,
        )

    def merge(self, later: Controlled) -> Controlled:
        """Return the moments of these episodes and of later ones.

        Source: Chan, Golub & LeVeque (1979).
        """
        n = self.n + later.n
        dx, dh, share = later.x - self.x, later.h - self.h, self.n * later.n / n
        return Controlled(
            n=n,
            x=self.x + dx * (later.n / n),
            h=self.h + dh * (later.n / n),
            xx=self.xx + later.xx + share * dx * dx,
            xh=self.xh + later.xh + share * dx * dh,
            hh=self.hh + later.hh + share * dh * dh,
        )

    @property
    def optimal(self) -> Floats:
        """The b of each key for which x − b h varies least: Cov(x, h) / Var(h)."""
        return np.divide(self.xh, self.hh, out=np.zeros(len(self.xh)), where=self.hh > 0)

    def less(self, b: Floats | float) -> tuple[Floats, Floats]:
        """Return the mean of x − b h and its variance over episodes: NaN for one episode."""
        squares = np.maximum(self.xx - 2 * b * self.xh + b * b * self.hh, 0.0)
        free = self.n - 1
        return self.x - b * self.h, squares / free if free else np.full(len(squares), np.nan)


@dataclass(frozen=True)
class Summary:
    """What some episodes leave behind: it adds up, and every estimate is made of nothing else."""

    gradient: dict[Form, Controlled]  # K keys, the parameters
    surrogate: dict[Form, Controlled]  # one key
    gain: Controlled  # one key: G(τ), times the importance ratio of the episode
    later_gain: float  # Σ γ^t G_t over all steps
    later_weight: float  # Σ γ^t
    n_steps: int
    n_truncated: int
    n_weighted: int  # episodes that another policy played

    def merge(self, later: Summary) -> Summary:
        """Return the summary of these episodes and of later ones."""
        return Summary(
            {form: one.merge(later.gradient[form]) for form, one in self.gradient.items()},
            {form: one.merge(later.surrogate[form]) for form, one in self.surrogate.items()},
            self.gain.merge(later.gain),
            self.later_gain + later.later_gain,
            self.later_weight + later.later_weight,
            self.n_steps + later.n_steps,
            self.n_truncated + later.n_truncated,
            self.n_weighted + later.n_weighted,
        )


@dataclass(frozen=True)
class Estimate:
    """One form's estimate of the gradient."""

    form: Form
    gradient: Floats  # [K] per parameter
    variance: Floats  # [K] of one episode's gradient
    n: int
    surrogate: float  # Ĵ = E[Σ_t log π(a_t|s_t) Ψ_t], of the same Ψ
    surrogate_error: float

    @property
    def error(self) -> Floats:
        """[K] standard errors; NaN for one episode."""
        return np.sqrt(self.variance / self.n)


def summarise(piece: Trajectories, plan: Plan) -> Summary:
    """Return what a batch of whole episodes leaves behind.

    Args:
        piece: episodes, their states and actions numbered as in the model.
        plan: what is estimated.

    Raises:
        InputError: a step does what cannot be done in the model.
    """
    n, pair = len(piece), plan.pairs(piece)
    episode = piece.trajectory
    time = np.arange(piece.n_steps) - np.repeat(piece.start[:-1], piece.length)
    decay = plan.gamma**time if plan.discount_weight else np.ones(piece.n_steps)
    gain = discounted_sum(piece.reward, piece.start, plan.gamma)
    first = piece.start[:-1]
    so_far, whole = _importance(piece, plan, pair)
    value = plan.value[piece.state] if plan.baseline == "value" else np.zeros(piece.n_steps)
    psi: dict[Form, tuple[Floats, Floats]] = {
        "trajectory": ((gain[first] - value[first])[episode] * whole, whole),
        "gain": (decay * (gain - value) * whole, decay * whole),
        "q": (decay * plan.action_value[pair] * so_far, decay * so_far),
        "advantage": (
            decay * (plan.action_value[pair] - plan.value[piece.state]) * so_far,
            decay * so_far,
        ),
    }
    scores = _Scores.of(piece, plan, pair, episode)
    one = np.zeros(n, dtype=np.int64)
    log_weight = plan.log_weight[pair]
    gradient, surrogate = {}, {}
    for form in plan.forms:
        x, h = psi[form]
        gradient[form] = Controlled.of(n, plan.mdp.n_pairs, scores.pair, scores(x), scores(h))
        x, h = (np.bincount(episode, log_weight * part, n).astype(np.float64) for part in (x, h))
        surrogate[form] = Controlled.of(n, 1, one, x, h)
    return Summary(
        gradient=gradient,
        surrogate=surrogate,
        gain=Controlled.of(n, 1, one, (gain * whole)[first], np.zeros(n)),
        later_gain=float(decay @ gain),
        later_weight=float(decay.sum()),
        n_steps=piece.n_steps,
        n_truncated=int(np.count_nonzero(piece.truncated & ~piece.terminated)),
        n_weighted=int(np.count_nonzero(np.bincount(episode, np.abs(so_far - 1) > CERTAIN, n))),
    )


def _importance(piece: Trajectories, plan: Plan, pair: Ints) -> tuple[Floats, Floats]:
    """Return [T] Π_{i≤t} π(a_i|s_i) / b(a_i|s_i), and the same product over the whole episode.

    Where no probability is given, the policy itself was followed.
    """
    if piece.behaviour_prob is None and piece.log_prob is None:
        ones = np.ones(piece.n_steps)
        return ones, ones
    taken = piece.behaviour_prob
    if taken is None:
        assert piece.log_prob is not None
        taken = np.exp(piece.log_prob)
    if not ((taken > 0) & (taken <= 1 + CERTAIN)).all():
        raise InputError(
            "a step was taken with a probability that is not above 0 and at most 1",
            fix="leave the column out if the policy itself was followed",
        )
    ratio = plan.weight[pair] / taken
    so_far = np.concatenate([np.cumprod(part) for part in np.split(ratio, piece.start[1:-1])])
    return so_far, so_far[piece.start[1:] - 1][piece.trajectory]


@dataclass(frozen=True)
class _Scores:
    """From a Ψ of each step to the gradients of episodes, on what each episode has touched."""

    taken: Ints  # [T] the entry of each step's state and action, in its episode
    cell: Ints  # [T] the state, in its episode
    width: Ints  # [cells] how many actions there are
    pair: Ints  # [C] the parameter of each entry
    weight: Floats  # [C] π(b|s)

    @classmethod
    def of(cls, piece: Trajectories, plan: Plan, pair: Ints, episode: Ints) -> _Scores:
        pair_start = plan.mdp.pair_start
        key = episode.astype(np.int64) * plan.mdp.n_states + piece.state
        cells, cell = np.unique(key, return_inverse=True)
        state = cells % plan.mdp.n_states
        width = np.diff(pair_start)[state]
        edge = np.cumsum(width) - width
        entry = np.arange(int(width.sum())) + np.repeat(pair_start[state] - edge, width)
        return cls(
            taken=edge[cell] + pair - pair_start[piece.state],
            cell=cell,
            width=width,
            pair=entry,
            weight=plan.weight[entry],
        )

    def __call__(self, psi: Floats) -> Floats:
        """Return [C] Σ_t Ψ_t (1[a_t = b] − π(b|s)) over an episode's visits to s."""
        own = np.bincount(self.taken, psi, len(self.pair))
        every = np.repeat(np.bincount(self.cell, psi, len(self.width)), self.width)
        gradient: Floats = own - self.weight * every
        return gradient


def summary_of(batches: Iterable[Trajectories], plan: Plan, engine: Engine = map) -> Summary:
    """Return what all episodes leave behind.

    Args:
        batches: whole episodes; they are taken one by one.
        plan: what is estimated.
        engine: runs each batch and gives the answers back in order.

    Raises:
        InputError: there is no episode, or it is none of the model's.
    """
    merged: Summary | None = None
    for part in engine(partial(summarise, plan=plan), batches):
        merged = part if merged is None else merged.merge(part)
    if merged is None:
        raise InputError("there is no episode to estimate from")
    return merged


def estimates(summary: Summary, plan: Plan) -> list[Estimate]:
    """Return the estimate of each form.

        trajectory  Ψ_t = G(τ)                    gain       Ψ_t = γ^t G_t
        q           Ψ_t = γ^t Q(s_t, a_t)         advantage  Ψ_t = γ^t A(s_t, a_t)

    A baseline b makes G(τ) − b and γ^t (G_t − b) of the first two. `mean`: the mean of G(τ), or of
    G_t over all steps, each with the weight γ^t if the form has it. `value`: V(s_1), or V(s_t).
    `optimal`: for each parameter what leaves the least variance. The mean and the optimal one come
    from the same episodes, which shrinks the estimate by 1/n of itself or so.

    Args:
        summary: of all episodes.
        plan: what is estimated.

    Source: Sutton et al. (2000); Greensmith, Bartlett & Baxter (2004) for the optimal baseline.
    """
    found = []
    for form in plan.forms:
        controlled, surrogate = summary.gradient[form], summary.surrogate[form]
        level = 0.0
        if plan.baseline == "mean" and form in WITH_BASELINE:
            mean = {"trajectory": float(summary.gain.x[0])}
            level = mean.get(form, summary.later_gain / summary.later_weight)
        best = plan.baseline == "optimal" and form in WITH_BASELINE
        gradient, variance = controlled.less(controlled.optimal if best else level)
        hat, spread = surrogate.less(level)
        error = float(np.sqrt(spread[0] / surrogate.n))
        found.append(Estimate(form, gradient, variance, controlled.n, float(hat[0]), error))
    return found
