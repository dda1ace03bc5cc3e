"""A world with a policy, a start and a seed, ready to be simulated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from rlcalc.engines.threads import run
from rlcalc.errors import InputError, UsageError, shown
from rlcalc.mdp import MDP
from rlcalc.numerics.merge import merged
from rlcalc.numerics.random_streams import any_seed
from rlcalc.policies.named import policy_by_name
from rlcalc.policy import Policy
from rlcalc.result import Fact, Result
from rlcalc.simulation.exact_value import ExactValue
from rlcalc.simulation.markov_chain import MarkovChain
from rlcalc.simulation.request import PlayRequest
from rlcalc.simulation.sampler import Simulation
from rlcalc.simulation.start import start_distribution
from rlcalc.simulation.statistics import EpisodeStatistics, episode_summary, trajectory_statistics
from rlcalc.trajectories import Experience, Trajectories

if TYPE_CHECKING:
    from rlcalc.environments.game import Game


Watch = Callable[[Iterable[Any], Callable[[Any], int]], Iterable[Any]]


@dataclass(frozen=True)
class Play:
    """A world that is ready to be simulated: its random numbers depend on the seed alone."""

    world: MDP | Game
    request: PlayRequest
    seed: int
    gamma: float
    simulation: Simulation | None  # None: a game, which simulates itself
    policy: Any

    @property
    def policy_name(self) -> str:
        """The name of the policy."""
        return self.policy.name if isinstance(self.policy, Policy) else str(self.policy)

    @property
    def title(self) -> str:
        """The name of the world in a message."""
        return shown(self.world.name) if self.world.name else "the model"

    def trajectories(self) -> Iterator[Trajectories]:
        """Yield the episodes in batches."""
        request = self.request
        if self.simulation:
            engine = partial(run, jobs=request.jobs)
            return self.simulation.trajectories(engine, with_prob=request.with_prob)
        assert not isinstance(self.world, MDP)
        return self.world.play(
            request.episodes,
            self.seed,
            self.policy,
            request.max_steps,
            request.group,
            with_prob=request.with_prob,
        )

    def rollouts(self, batches: Iterable[Trajectories]) -> Iterator[dict[str, Any]]:
        """Yield the episodes of a language world as prompts and responses.

        Raises:
            InputError: the world is not a language world, or responses are cut.
        """
        from rlcalc.environments import language_rollouts

        language_model = getattr(self.world, "language_model", None)
        if language_model is None:
            raise InputError(
                f"{self.title} has no prompts and responses",
                fix="use --rollouts with a language world, or leave it out",
            )
        if self.request.max_steps:
            raise InputError(
                "--max-steps would cut responses, and a cut response is not a rollout",
                fix="leave out --max-steps or --rollouts",
            )
        return language_rollouts.language_rollouts(batches, language_model, self.request.group)

    def experience(self) -> Experience:
        """Return the episodes as a stream of trajectories."""
        world, batches = self.world, self.trajectories()
        value = self.exact.state_value if self.exact and self.request.bootstrap else None
        if value is not None:
            batches = (replace(batch, last_value=value[batch.last_state]) for batch in batches)
        return Experience(batches, world.states, world.actions, world.gamma)

    def statistics(self, blocks: slice = slice(None)) -> Iterator[EpisodeStatistics]:
        """Yield the statistics of the episodes, block by block, without keeping their steps.

        Args:
            blocks: which of the blocks of a model's episodes; default all.
        """
        if self.simulation:
            engine = partial(run, jobs=self.request.jobs)
            outcomes = self.simulation.outcomes(self.gamma, engine, blocks)
            return (
                EpisodeStatistics.of(one.gain, one.length, one.last_state < 0, one.last_state >= 0)
                for one in outcomes
            )
        return (trajectory_statistics(piece, self.gamma) for piece in self.experience().pieces())

    def require_independent(self) -> None:
        """Refuse error bars for episodes that share a start state: they would be too small.

        Raises:
            UsageError: episodes come in groups.
        """
        if self.request.group > 1:
            raise UsageError(
                "episodes in a group share a start state, so they are not independent and error "
                "bars would be too small",
                fix="leave out --group-size, or write trajectories or --rollouts",
            )

    def facts(self) -> dict[str, Fact]:
        """Return the facts that every answer about these episodes has."""
        return {
            "world": self.world.name,
            "policy": self.policy_name,
            "seed": self.seed,
            "gamma": self.gamma,
            "max_steps": self.request.max_steps,
        }

    @cached_property
    def exact(self) -> ExactValue | None:
        """The exact value of the policy, or None if the world is not a model."""
        if not self.simulation:
            return None
        chain = self.simulation.chain
        steps = None if self.request.bootstrap else self.request.max_steps
        return ExactValue(chain.mdp, chain.policy, self.gamma, steps)

    def summary(self, watch: Watch = lambda items, done: items) -> Result:
        """Return the statistics of the episodes.

        Args:
            watch: is called with the blocks and a function that counts the episodes of one.

        Raises:
            UsageError: episodes are not independent, or an option would have no effect.
        """
        self.require_summary()
        return self.summary_of(merged(watch(self.statistics(), lambda one: one.n)))

    def require_summary(self) -> None:
        """Refuse a summary that would mislead, or whose options have no effect.

        Raises:
            UsageError: it is one.
        """
        self.require_independent()
        if self.request.with_prob:
            raise UsageError(
                "--with-prob has no effect on the summary of episodes",
                fix="leave out --with-prob, or use --rows trajectories",
            )

    def summary_of(self, statistics: EpisodeStatistics | None) -> Result:
        """Return the answer that the statistics of all episodes give."""
        exact = self.exact.start_value if self.exact else None
        return episode_summary(statistics, self.facts(), exact)


def prepare_play(world: MDP | Game, request: PlayRequest) -> Play:
    """Return a world ready to be simulated.

    Raises:
        InputError: the policy or the first state is not the world's, or episodes never end.
        UsageError: a number of the request is out of range.
    """
    request = request.checked(world.gamma)
    seed = any_seed() if request.seed is None else request.seed
    assert request.gamma is not None
    gamma = request.gamma
    if not isinstance(world, MDP):
        return _play_of_game(world, request, seed, gamma)
    start = start_distribution(world, request.start)
    world = replace(world, start=start)
    policy = policy_by_name(request.policy, world, gamma)
    chain = MarkovChain.of(world, policy, start)
    simulation = Simulation(chain, request.episodes, seed, request.max_steps, request.group)
    return Play(world, request, seed, gamma, simulation, policy)


def _play_of_game(world: Game, request: PlayRequest, seed: int, gamma: float) -> Play:
    policy = world.policies[0] if request.policy is None else request.policy
    known = policy in world.policies or (callable(policy) and "function" in world.policies)
    if isinstance(policy, str) and not known and hasattr(world, "decoded"):
        decoded: Game | None = world.decoded(policy)
        world, known = decoded or world, decoded is not None
    if not known:
        raise InputError(
            f"{shown(world.name)} cannot be simulated with the policy {shown(policy)}: {world.why}",
            fix=f"use one of its policies: {', '.join(world.policies)}",
        )
    if request.start is not None:
        raise InputError(
            f"{shown(world.name)} chooses its own start state: {world.why}", fix="leave out --start"
        )
    return Play(world, request, seed, gamma, None, policy)
