"""The policy gradient of shards of logged episodes: `rlcalc gradient --from-data`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rlcalc.environments.load import load_mdp
from rlcalc.errors import InputError
from rlcalc.numerics.arrays import Ints
from rlcalc.policy_gradient.compare import beside_exact, notes_of_log
from rlcalc.policy_gradient.estimate import EstimateSummary, gradient_estimates
from rlcalc.policy_gradient.logged_episodes import recoded_piece
from rlcalc.policy_gradient.request import GradientRequest
from rlcalc.policy_gradient.setup import GradientSetup, set_up
from rlcalc.policy_gradient.weighted_episodes import WeightedEpisodes
from rlcalc.result import Result
from rlcalc.shards.simulations import read_request_of
from rlcalc.shards.steps import StepQuestion
from rlcalc.simulation.request import PlayRequest
from rlcalc.trajectories import Experience, Trajectories


@dataclass(frozen=True)
class ShardGradients:
    """The sums of a gradient over some episodes, by the codes of the model."""

    sums: EstimateSummary

    def merge(self, later: ShardGradients) -> ShardGradients:
        """Return the sums over these shards and later ones."""
        return ShardGradients(self.sums.merge(later.sums))

    def recoded(self, states: Ints | None, actions: Ints | None) -> ShardGradients:
        """Return the same: the codes are those of the model."""
        return self

    def shifted(self, shards: int) -> ShardGradients:
        """Return the same: nothing is counted by shard."""
        return self


@dataclass(frozen=True)
class GradientQuestion(StepQuestion[ShardGradients]):
    """What the policy gradient of logged episodes is."""

    model: str  # JSON: the source, its settings, how to read it, the policy, and the logits
    request: GradientRequest

    @property
    def discount(self) -> float | None:
        """The discount factor of the model; that of the data makes a note."""
        return _setup(self.model).play.gamma

    @np.errstate(over="ignore", invalid="ignore")
    def summarise(self, piece: Trajectories, gamma: float) -> ShardGradients:
        """Return the sums over some episodes."""
        setup = _setup(self.model)
        target = setup.target(self.request)
        episodes = WeightedEpisodes.of(target, recoded_piece(piece, setup.mdp), 0)
        return ShardGradients(
            EstimateSummary.of(episodes, request=setup.estimate_request(self.request))
        )

    def answer(
        self, summary: ShardGradients | None, experience: Experience, gamma: float
    ) -> Result:
        """Return the estimates with the exact gradient beside them."""
        if summary is None:
            raise InputError(
                "there is no episode to estimate from", fix="give at least one episode"
            )
        setup = _setup(self.model)
        request = setup.estimate_request(self.request)
        with np.errstate(over="ignore", invalid="ignore"):
            estimated = request, summary.sums, gradient_estimates(summary.sums, request)
        notes = notes_of_log(setup, experience)
        return beside_exact(setup, self.request, estimated, notes, is_logged=True)


@lru_cache(maxsize=2)
def _setup(model: str) -> GradientSetup:
    """Return the policy of a model, which a worker prepares once."""
    plain = json.loads(model)
    source, settings = plain.pop("source"), plain.pop("settings", None)
    logits = plain.pop("logits", None)
    mdp = load_mdp(source, read_request_of(plain), settings)
    return set_up(mdp, PlayRequest(1, **plain), logits, plays=False)
