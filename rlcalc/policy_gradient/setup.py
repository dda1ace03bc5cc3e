"""The setup of a gradient: a policy of a model, its exact gradient, and episodes to estimate it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from rlcalc.engines.threads import run
from rlcalc.errors import UsageError
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats
from rlcalc.policy import Policy
from rlcalc.policy_gradient.baseline import StartGroups
from rlcalc.policy_gradient.critic import Critic, CriticSums
from rlcalc.policy_gradient.estimate import Estimate, EstimateSummary, gradient_estimates
from rlcalc.policy_gradient.exact import ExactGradient, exact_gradient
from rlcalc.policy_gradient.request import WITH_BASELINE, EstimateRequest, GradientRequest
from rlcalc.policy_gradient.sums import sums_over_batches
from rlcalc.policy_gradient.target_policy import TargetPolicy
from rlcalc.readers.models.logits import load_logits
from rlcalc.simulation.play import Play, prepare_play
from rlcalc.simulation.request import PlayRequest
from rlcalc.trajectories import Trajectories

Batches = Callable[[], Iterable[Trajectories]]
"""A function that yields the same episodes at each call, in batches."""


@dataclass(frozen=True)
class GradientSetup:
    """A policy of a model, its exact gradient, and the episodes that estimate it."""

    play: Play

    @property
    def mdp(self) -> MDP:
        """The model."""
        assert isinstance(self.play.world, MDP)
        return self.play.world

    @property
    def start(self) -> Floats:
        """[S] the distribution of the first state."""
        assert self.mdp.start is not None
        return self.mdp.start

    @cached_property
    def exact(self) -> ExactGradient:
        """The exact gradient."""
        return exact_gradient(self.mdp, self.play.policy.weight, self.start, self.play.gamma)

    def induced_by(self, policy: Policy, seed: int) -> GradientSetup:
        """Return the same for another policy, with episodes of their own."""
        request = replace(self.play.request, policy=policy, seed=seed, start=None)
        return GradientSetup(prepare_play(self.mdp, request))

    def estimated(
        self, request: GradientRequest, batches: Batches
    ) -> tuple[EstimateRequest, EstimateSummary, list[Estimate]]:
        """Return the estimates of the gradient, after their request and the summary of episodes.

        Args:
            request: the forms, the critic and the baseline.
            batches: the episodes, of which critic and baseline may be estimated too.
        """
        play, target = self.play, self.target(request)
        engine = partial(run, jobs=play.request.jobs)
        critic, groups = None, None
        if request.critic == "estimated":
            critic = Critic.of(sums_over_batches(CriticSums.of, target, batches(), engine), target)
        if request.baseline == "mean" and {*request.forms} & {*WITH_BASELINE}:
            groups = sums_over_batches(StartGroups.of, target, batches(), engine)
        estimate_request = self.estimate_request(request, critic, groups)
        work = partial(EstimateSummary.of, request=estimate_request)
        summary = sums_over_batches(work, target, batches(), engine)
        return estimate_request, summary, gradient_estimates(summary, estimate_request)

    def target(self, request: GradientRequest) -> TargetPolicy:
        """Return the policy that episodes are weighted for."""
        play = self.play
        return TargetPolicy(self.mdp, play.policy.weight, play.gamma, request.discount_weight)

    def estimate_request(
        self,
        request: GradientRequest,
        critic: Critic | None = None,
        groups: StartGroups | None = None,
    ) -> EstimateRequest:
        """Return what is estimated of each batch; without a critic it is the exact one."""
        exact = critic or Critic.exact(self.exact.value, self.exact.action_value)
        return EstimateRequest(exact, request.forms, request.baseline, groups)  # type: ignore[arg-type]


def set_up(
    mdp: MDP, request: PlayRequest, logits: str | None = None, *, plays: bool = True
) -> GradientSetup:
    """Return the setup of the gradient of a policy.

    Args:
        mdp: the model.
        request: the policy, and how its episodes are simulated.
        logits: a file with θ(s,a), for π(a|s) = exp θ(s,a) / Σ_b exp θ(s,b), or `zero`.
        plays: whether episodes will be simulated, which must end.

    Raises:
        InputError: the policy is not the model's, or episodes never end.
        UsageError: a policy and logits.
    """
    if logits is not None:
        if request.policy is not None:
            raise UsageError(
                "--policy and --logits both define the policy", fix="leave out one of them"
            )
        zero = np.zeros(mdp.n_pairs)
        theta = zero if logits == "zero" else load_logits(logits, mdp)
        with np.errstate(over="ignore"):  # −1e308 below 1e308 is as good as −∞
            weight = Policy.softmax(mdp.expected, theta, 1.0).weight
        request = replace(
            request, policy=Policy(weight, "zero logits" if logits == "zero" else "logits")
        )
    if not plays:
        request = replace(request, max_steps=1)
    return GradientSetup(prepare_play(mdp, request))
