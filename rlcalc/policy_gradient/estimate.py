"""The policy gradient from episodes: E[Σ_t ∇ log π(a_t|s_t) Ψ_t], for several Ψ, with error bars.

The policy is softmax in a table of logits. The critic holds exact or estimated values; batches are
summarised by themselves and merged in order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.numerics.arrays import Flags, Floats
from rlcalc.policy_gradient.control_variate import ControlVariate
from rlcalc.policy_gradient.request import WITH_BASELINE, EstimateRequest, Form
from rlcalc.policy_gradient.score_function import ScoreFunction
from rlcalc.policy_gradient.sums import sum_by_key
from rlcalc.policy_gradient.weighted_episodes import WeightedEpisodes


@dataclass(frozen=True)
class EstimateSummary:
    """Mergeable sums over episodes, from which every estimate is made."""

    gradient: dict[Form, ControlVariate]  # K keys, the parameters
    surrogate: dict[Form, ControlVariate]  # one key
    gain: ControlVariate  # one key: G(τ), as the policy would have earned it
    n_steps: int
    n_truncated: int
    n_weighted: int  # episodes that another policy played

    @classmethod
    def of(cls, episodes: WeightedEpisodes, request: EstimateRequest) -> EstimateSummary:
        """Return the summary of weighted episodes.

        Args:
            episodes: a batch of whole ones.
            request: the forms to estimate.
        """
        piece, target, first = episodes.piece, episodes.target, episodes.first
        n = len(piece)
        score = ScoreFunction.of(piece, target.mdp, target.weight, episodes.pair)
        one, log_weight = np.zeros(n, dtype=np.int64), target.log_weight[episodes.pair]
        gradient, surrogate = {}, {}
        for form, (psi, unit) in _psi(episodes, request).items():
            h = None if unit is None else score(unit)
            gradient[form] = ControlVariate.of(n, target.mdp.n_pairs, score.pair, score(psi), h)
            hat = sum_by_key(episodes.episode, log_weight * psi, n)
            surrogate[form] = ControlVariate.of(n, 1, one, hat)
        return cls(
            gradient=gradient,
            surrogate=surrogate,
            gain=ControlVariate.of(
                n, 1, one, episodes.cumulative_ratio[first] * episodes.gain[first]
            ),
            n_steps=piece.n_steps,
            n_truncated=int(np.count_nonzero(piece.truncated & ~piece.terminated)),
            n_weighted=int(np.count_nonzero(episodes.off_policy)),
        )

    def merge(self, later: EstimateSummary) -> EstimateSummary:
        """Return the summary of these episodes and of later ones."""
        return EstimateSummary(
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
    unknown_error: Flags | None = None  # [K] the critic has too few episodes for an error

    @property
    def error(self) -> Floats:
        """[K] standard errors; NaN for one episode, and where they are not known."""
        error = np.sqrt(self.variance / self.n)
        return error if self.unknown_error is None else np.where(self.unknown_error, np.nan, error)


def _psi(
    episodes: WeightedEpisodes, request: EstimateRequest
) -> dict[Form, tuple[Floats, Floats | None]]:
    """Return Ψ_t of each form, and its change by a baseline of 1 if the best one is to be found."""
    critic, episode, half = request.critic, episodes.episode, episodes.half
    value, weight = critic.value[half, episodes.piece.state], episodes.weight
    off = request.baselines(episodes, value)
    by_form: dict[Form, tuple[Floats, Floats | None]] = {}
    chosen = request.baseline == "optimal"
    if "trajectory" in request.forms:
        psi = ((episodes.episode_gain - off["trajectory"]) * episodes.episode_ratio)[episode]
        by_form["trajectory"] = psi, episodes.episode_ratio[episode] if chosen else None
    if "gain" in request.forms:
        by_form["gain"] = weight * (episodes.gain - off["gain"]), weight if chosen else None
    if "q" in request.forms or "advantage" in request.forms:
        action_value = critic.action_value[half, episodes.pair]
        influence = 0.0 if critic.influence_weight is None else critic.influence(episodes)
        if "q" in request.forms:
            by_form["q"] = weight * action_value + influence, None
        if "advantage" in request.forms:
            by_form["advantage"] = weight * (action_value - value) + influence, None
    return by_form


ROUNDING = 1e-14
"""An estimate below this part of an episode's standard deviation is 0 but for rounding."""


def gradient_estimates(summary: EstimateSummary, request: EstimateRequest) -> list[Estimate]:
    """Return the estimate of each form.

        trajectory  Ψ_t = G(τ)                    gain       Ψ_t = γ^t G_t
        q           Ψ_t = γ^t Q(s_t, a_t)         advantage  Ψ_t = γ^t A(s_t, a_t)

    A baseline b makes G(τ) − b and γ^t (G_t − b) of the first two. `mean`: of the episodes that
    begin in the same state the mean of G(τ), or of G_t over all steps, each with the weight γ^t if
    the form has it. `value`: V(s_1), or V(s_t). `optimal`: for each parameter the baseline with the
    least variance. The mean and the optimal one come from the same episodes, which shrinks the
    estimate of a group of n episodes by about 1/n of itself.

    If another policy acted, `trajectory` has the weight ρ_{1:n} of the whole episode; in `gain`
    each reward r_i has the weight ρ_{1:i} of the steps that lead to it, and b and the other two
    forms have ρ_{1:t}.

    Args:
        summary: of all episodes.
        request: the forms to estimate.

    Source: Sutton et al. (2000); Greensmith, Bartlett & Baxter (2004) for the optimal baseline;
        Precup, Sutton & Singh (2000) for the weights.
    """
    answers = []
    for form in request.forms:
        controlled = summary.gradient[form]
        best = request.baseline == "optimal" and form in WITH_BASELINE
        gradient, variance = controlled.less(controlled.optimal if best else 0.0)
        gradient = np.where(np.abs(gradient) <= ROUNDING * np.sqrt(variance), 0.0, gradient)
        hat, spread = summary.surrogate[form].less(0.0)
        error = float(np.sqrt(spread[0] / controlled.n))
        unknown_error = None if form in WITH_BASELINE else request.critic.unknown_error
        n = controlled.n
        answers.append(Estimate(form, gradient, variance, n, float(hat[0]), error, unknown_error))
    return answers
