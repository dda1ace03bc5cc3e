"""The policy gradient from episodes: E[Σ_t ∇ log π(a_t|s_t) Ψ_t], for several Ψ, with error bars.

The policy is softmax in a table of logits. Exact values come from whoever calls; batches are
summarised by themselves and merged in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from rlcalc.errors import InputError
from rlcalc.numerics.arrays import Flags, Floats
from rlcalc.numerics.moments import merged
from rlcalc.policy_gradient.baseline import StartGroups
from rlcalc.policy_gradient.control_variate import ControlVariate
from rlcalc.policy_gradient.critic import Critic, Halves, added
from rlcalc.policy_gradient.score_function import ScoreFunction
from rlcalc.policy_gradient.weighted_episodes import TargetPolicy, WeightedEpisodes
from rlcalc.trajectories import Trajectories

Form = Literal["trajectory", "gain", "q", "advantage"]
Baseline = Literal["none", "mean", "value", "optimal"]
FORMS: tuple[Form, ...] = ("trajectory", "gain", "q", "advantage")
WITH_BASELINE: tuple[Form, ...] = ("trajectory", "gain")
BASELINES: tuple[Baseline, ...] = ("none", "mean", "value", "optimal")
Numbered = tuple[int, Trajectories]
"""The number of a batch's first episode, and the batch."""

Engine = Callable[[Callable[[Numbered], Any], Iterable[Numbered]], Iterable[Any]]


@dataclass(frozen=True)
class EstimateRequest:
    """What is estimated, and what it leans on."""

    target: TargetPolicy
    critic: Critic
    forms: tuple[Form, ...] = FORMS
    baseline: Baseline = "none"
    groups: StartGroups | None = None  # for the baseline mean

    def baselines(self, walk: WeightedEpisodes, value: Floats) -> dict[Form, Floats | float]:
        """Return what is taken off G(τ), [E], and off G_t, [T].

        Args:
            walk: the episodes.
            value: [T] V(s_t).
        """
        if self.baseline == "value":
            return {"trajectory": value[walk.first], "gain": value}
        if self.baseline == "mean":
            assert self.groups is not None
            step = self.groups.step_mean[walk.start]
            return {"trajectory": self.groups.mean[walk.start], "gain": step[walk.episode]}
        return {"trajectory": 0.0, "gain": 0.0}


@dataclass(frozen=True)
class Summary:
    """What some episodes leave behind: it adds up, and every estimate is made of nothing else."""

    gradient: dict[Form, ControlVariate]  # K keys, the parameters
    surrogate: dict[Form, ControlVariate]  # one key
    gain: ControlVariate  # one key: G(τ), as the policy would have earned it
    n_steps: int
    n_truncated: int
    n_weighted: int  # episodes that another policy played

    def merge(self, later: Summary) -> Summary:
        """Return the summary of these episodes and of later ones."""
        return Summary(
            {form: one.merge(later.gradient[form]) for form, one in self.gradient.items()},
            {form: one.merge(later.surrogate[form]) for form, one in self.surrogate.items()},
            self.gain.merge(later.gain),
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
    unsure: Flags | None = None  # [K] what the critic has seen too little of

    @property
    def error(self) -> Floats:
        """[K] standard errors; NaN for one episode, and where they are not known."""
        error = np.sqrt(self.variance / self.n)
        return error if self.unsure is None else np.where(self.unsure, np.nan, error)


@np.errstate(over="ignore", invalid="ignore")  # here too: it may run in a thread of its own
def summarise(some: Numbered, plan: EstimateRequest) -> Summary:
    """Return what a batch of whole episodes leaves behind.

    Args:
        some: episodes, their states and actions numbered as in the model.
        plan: what is estimated.

    Raises:
        InputError: a step does what cannot be done in the model.
    """
    number, piece = some
    target, n = plan.target, len(piece)
    walk = target.walk(piece, number)
    scores = ScoreFunction.of(piece, target.mdp, target.weight, walk.pair)
    one, log_weight = np.zeros(n, dtype=np.int64), target.log_weight[walk.pair]
    gradient, surrogate = {}, {}
    for form, (psi, unit) in _psi(walk, plan).items():
        h = None if unit is None else scores(unit)
        gradient[form] = ControlVariate.of(n, target.mdp.n_pairs, scores.pair, scores(psi), h)
        hat = np.bincount(walk.episode, log_weight * psi, n).astype(np.float64)
        surrogate[form] = ControlVariate.of(n, 1, one, hat)
    first = walk.first
    return Summary(
        gradient=gradient,
        surrogate=surrogate,
        gain=ControlVariate.of(n, 1, one, walk.so_far[first] * walk.gain[first]),
        n_steps=piece.n_steps,
        n_truncated=int(np.count_nonzero(piece.truncated & ~piece.terminated)),
        n_weighted=int(np.count_nonzero(walk.weighted)),
    )


def _psi(walk: WeightedEpisodes, plan: EstimateRequest) -> dict[Form, tuple[Floats, Floats | None]]:
    """Return Ψ_t of each form, and what a baseline of 1 takes off it if that is to be chosen."""
    critic, episode = plan.critic, walk.episode
    half = walk.half[episode]
    value, weight = critic.value[half, walk.piece.state], walk.decay * walk.so_far
    off = plan.baselines(walk, value)
    found: dict[Form, tuple[Floats, Floats | None]] = {}
    chosen = plan.baseline == "optimal"
    if "trajectory" in plan.forms:
        psi = ((walk.total - off["trajectory"]) * walk.whole)[episode]
        found["trajectory"] = psi, walk.whole[episode] if chosen else None
    if "gain" in plan.forms:
        found["gain"] = weight * (walk.gain - off["gain"]), weight if chosen else None
    if "q" in plan.forms or "advantage" in plan.forms:
        action_value = critic.action_value[half, walk.pair]
        moves = 0.0 if critic.lever is None else critic.moves(walk)
        if "q" in plan.forms:
            found["q"] = weight * action_value + moves, None
        if "advantage" in plan.forms:
            found["advantage"] = weight * (action_value - value) + moves, None
    return found


ROUNDING = 1e-14
"""An estimate below this part of an episode's standard deviation is what rounding leaves of 0."""


def batches_with_numbers(batches: Iterable[Trajectories]) -> Iterator[Numbered]:
    """Yield batches, each with the number of its first episode."""
    number = 0
    for batch in batches:
        yield number, batch
        number += len(batch)


def groups_of(batches: Iterable[Trajectories], target: TargetPolicy, engine: Engine) -> StartGroups:
    """Return the sums of each group; arguments and errors as in `summary_of`."""
    looks: Iterable[StartGroups] = engine(
        partial(start_counts, StartGroups, target), batches_with_numbers(batches)
    )
    return added(looks)


def critic_of(batches: Iterable[Trajectories], target: TargetPolicy, engine: Engine) -> Critic:
    """Return what each half of the episodes tells the other; the rest as in `summary_of`."""
    looks: Iterable[Halves] = engine(
        partial(start_counts, Halves, target), batches_with_numbers(batches)
    )
    return Critic.of(added(looks), target)


@np.errstate(over="ignore", invalid="ignore")
def start_counts(
    kind: type[StartGroups] | type[Halves], target: TargetPolicy, some: Numbered
) -> StartGroups | Halves:
    """Return the sums of one piece of episodes."""
    number, piece = some
    return kind.of(target.walk(piece, number), target)


def summary_of(
    batches: Iterable[Trajectories], plan: EstimateRequest, engine: Engine = map
) -> Summary:
    """Return what all episodes leave behind.

    Args:
        batches: whole episodes; they are taken one by one.
        plan: what is estimated.
        engine: runs each batch and gives the answers back in order.

    Raises:
        InputError: there is no episode, or it is none of the model's.
    """
    parts = engine(partial(summarise, plan=plan), batches_with_numbers(batches))
    summary: Summary | None = merged(parts)
    if summary is None:
        raise InputError("there is no episode to estimate from")
    return summary


def estimates(summary: Summary, plan: EstimateRequest) -> list[Estimate]:
    """Return the estimate of each form.

        trajectory  Ψ_t = G(τ)                    gain       Ψ_t = γ^t G_t
        q           Ψ_t = γ^t Q(s_t, a_t)         advantage  Ψ_t = γ^t A(s_t, a_t)

    A baseline b makes G(τ) − b and γ^t (G_t − b) of the first two. `mean`: of the episodes that
    begin in the same state the mean of G(τ), or of G_t over all steps, each with the weight γ^t if
    the form has it. `value`: V(s_1), or V(s_t). `optimal`: for each parameter what leaves the least
    variance. The mean and the optimal one come from the same episodes, which shrinks what one
    group of n episodes says by 1/n of itself or so.

    If another policy played, `trajectory` has the weight ρ_{1:n} of the whole episode; in `gain`
    each reward r_i has the weight ρ_{1:i} of the steps that lead to it, and b and the other two
    forms have ρ_{1:t}.

    Args:
        summary: of all episodes.
        plan: what is estimated.

    Source: Sutton et al. (2000); Greensmith, Bartlett & Baxter (2004) for the optimal baseline;
        Precup, Sutton & Singh (2000) for the weights.
    """
    found = []
    for form in plan.forms:
        controlled = summary.gradient[form]
        best = plan.baseline == "optimal" and form in WITH_BASELINE
        gradient, variance = controlled.less(controlled.optimal if best else 0.0)
        gradient = np.where(np.abs(gradient) <= ROUNDING * np.sqrt(variance), 0.0, gradient)
        hat, spread = summary.surrogate[form].less(0.0)
        error = float(np.sqrt(spread[0] / controlled.n))
        unsure = None if form in WITH_BASELINE else plan.critic.unsure
        n = controlled.n
        found.append(Estimate(form, gradient, variance, n, float(hat[0]), error, unsure))
    return found
