"""A policy of a model, ready to be differentiated: exactly, and from episodes."""

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
from rlcalc.policy_gradient.critic import Critic
from rlcalc.policy_gradient.estimate import (
    FORMS,
    WITH_BASELINE,
    Estimate,
    EstimateRequest,
    Summary,
    critic_of,
    estimates,
    groups_of,
    summary_of,
)
from rlcalc.policy_gradient.exact import ExactGradient, exact
from rlcalc.policy_gradient.request import GradientRequest
from rlcalc.policy_gradient.weighted_episodes import TargetPolicy
from rlcalc.readers.models.logits import load_logits
from rlcalc.simulation import play as playing
from rlcalc.simulation.play import Play, PlayRequest
from rlcalc.trajectories import Trajectories

Episodes = Callable[[], Iterable[Trajectories]]
"""The same episodes each time that they are asked for, in batches."""


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
        return exact(self.mdp, self.play.policy.weight, self.start, self.play.gamma)

    def induced_by(self, policy: Policy, seed: int) -> GradientSetup:
        """Return the same for another policy, with episodes of their own."""
        request = replace(self.play.request, policy=policy, seed=seed, start=None)
        return GradientSetup(playing.prepare(self.mdp, request))

    def plan(self, question: GradientRequest, episodes: Episodes) -> EstimateRequest:
        """Return what is to be estimated, and what it leans on.

        Args:
            question: what is asked.
            episodes: what is estimated from, for a first look.
        """
        engine = partial(run, jobs=self.play.request.jobs)
        forms = FORMS if question.form == "all" else (question.form,)
        target = TargetPolicy(
            self.mdp, self.play.policy.weight, self.play.gamma, question.discount_weight
        )
        known = self.exact
        return EstimateRequest(
            target=target,
            critic=Critic.exact(known.value, known.action_value)
            if question.critic == "exact"
            else critic_of(episodes(), target, engine),
            forms=forms,  # type: ignore[arg-type]
            baseline=question.baseline,  # type: ignore[arg-type]
            groups=groups_of(episodes(), target, engine)
            if question.baseline == "mean" and {*forms} & {*WITH_BASELINE}
            else None,
        )

    def estimated(
        self, question: GradientRequest, episodes: Episodes
    ) -> tuple[EstimateRequest, Summary, list[Estimate]]:
        """Return what episodes say about the gradient."""
        plan = self.plan(question, episodes)
        summary = summary_of(episodes(), plan, partial(run, jobs=self.play.request.jobs))
        return plan, summary, estimates(summary, plan)


def set_up(
    mdp: MDP, request: PlayRequest, logits: str | None = None, *, plays: bool = True
) -> GradientSetup:
    """Return a policy of a model, ready to be differentiated.

    Args:
        mdp: the model.
        request: the policy, and how it is played.
        logits: a file with θ(s,a), for π(a|s) = exp θ(s,a) / Σ_b exp θ(s,b), or `zero`.
        plays: whether there will be episodes, which must end.

    Raises:
        InputError: the policy is not the model's, or episodes never end.
        UsageError: a policy and logits.
    """
    if logits is not None:
        if request.policy is not None:
            raise UsageError("--policy and --logits both say what is done", fix="leave one out")
        zero = np.zeros(mdp.n_pairs)
        theta = zero if logits == "zero" else load_logits(logits, mdp)
        with np.errstate(over="ignore"):  # −1e308 below 1e308 is as good as −∞
            weight = Policy.softmax(mdp.expected, theta, 1.0).weight
        request = replace(
            request, policy=Policy(weight, "zero logits" if logits == "zero" else "logits")
        )
    if not plays:
        request = replace(request, max_steps=1)
    return GradientSetup(playing.prepare(mdp, request))
