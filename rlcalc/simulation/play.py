"""What it takes to play a world: its policy by name, a first state, a seed; and what is exact."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.engines.threads import run
from rlcalc.errors import InputError, UsageError, shown
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.random_streams import LARGEST_SEED, any_seed
from rlcalc.policies.named import policy_by_name
from rlcalc.policy import Policy
from rlcalc.readers.models.names import codes_of
from rlcalc.result import Column, Fact, Result
from rlcalc.simulation.markov_chain import Chain
from rlcalc.simulation.sampler import Outcome, Simulation
from rlcalc.simulation.statistics import Tally, apart, summary, tally_of
from rlcalc.trajectories import Experience, Trajectories

if TYPE_CHECKING:
    from rlcalc.environments import Game


Watch = Callable[[Iterable[Any], Callable[[Any], int]], Iterable[Any]]


@dataclass(frozen=True)
class PlayRequest:
    """How a world is to be played."""

    episodes: int
    policy: Any = None  # a name, a file, a Policy; None: the world's own, else uniform
    start: Any = None  # the name of a state, or uniform; None: where the world begins
    max_steps: int | None = None
    seed: int | None = None  # None: any
    gamma: float | None = None  # for optimal policies and exact values; None: the world's own
    group: int = 1  # so many episodes in a row begin in the same state
    with_prob: bool = False
    jobs: int | None = None
    bootstrap: bool = False  # what is cut knows what the model says that its last state is worth


@dataclass(frozen=True)
class Play:
    """A world that is ready to be played: all that is random about it hangs on the seed."""

    world: MDP | Game
    request: PlayRequest
    seed: int
    gamma: float
    simulation: Simulation | None  # None: a world without a table plays itself
    policy: Any

    @property
    def policy_name(self) -> str:
        """What the policy is called."""
        return self.policy.name if isinstance(self.policy, Policy) else str(self.policy)

    @property
    def title(self) -> str:
        """What the world is called in a message."""
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
            InputError: the world is no language world, or responses are cut.
        """
        from rlcalc.environments import language

        speaker = getattr(self.world, "speaker", None)
        if speaker is None or self.request.max_steps:
            raise InputError(
                f"{self.title} has no prompts and responses"
                if speaker is None
                else "responses that are cut are no rollouts",
                fix="--rollouts is for language worlds, and without --max-steps",
            )
        return language.rollouts(batches, speaker, self.request.group)

    def experience(self) -> Experience:
        """Return the episodes as a stream of trajectories."""
        world = self.world
        batches, worth = self.trajectories(), self.worth if self.request.bootstrap else None
        if worth is not None:
            batches = (replace(one, last_value=worth[one.last_state]) for one in batches)
        return Experience(batches, world.states, world.actions, world.gamma)

    def tallies(self) -> Iterator[Tally]:
        """Yield what the episodes come to, block by block; none of their steps is kept."""
        if self.simulation:
            outcomes = self.simulation.outcomes(self.gamma, partial(run, jobs=self.request.jobs))
            return map(_tally, outcomes)
        return (tally_of(piece, self.gamma) for piece in self.experience().pieces())

    def _require_independent(self) -> None:
        """Refuse error bars for episodes that begin alike: they would be too small."""
        if self.request.group > 1:
            raise UsageError(
                "episodes of a group begin alike: error bars would take them for independent",
                fix="leave out --group-size, or write trajectories or --rollouts",
            )

    def facts(self) -> dict[str, Fact]:
        """Return what was asked, for the facts of an answer."""
        return {
            "world": self.world.name,
            "policy": self.policy_name,
            "seed": self.seed,
            "gamma": self.gamma,
            "max_steps": self.request.max_steps,
        }

    def exact_start_value(self) -> float | None:
        """Return the mean gain of the episodes as the model says it, or None if it cannot."""
        if not self.simulation or not isinstance(self.world, MDP):
            return None
        chain = self.simulation.chain
        mdp = chain.mdp
        steps = None if self.request.bootstrap else self.request.max_steps
        if steps and 0 < self.gamma < 1:  # what is further off is less than rounding
            steps = min(steps, math.ceil(-40 / math.log(self.gamma)))
        if (len(mdp.next_state) + A_CALL) * (steps or 1) > AFFORDABLE:
            return None
        assert mdp.start is not None
        if steps:
            return float(mdp.start @ steps_ahead_value(mdp, chain.policy, self.gamma, steps))
        value = self.solved.facts["start_value"] if self.solved else None
        return value if isinstance(value, float) and np.isfinite(value) else None

    @cached_property
    def solved(self) -> Result | None:
        """The exact values of the policy that is followed, or None where there are none."""
        from rlcalc.solvers import solve
        from rlcalc.solvers.request import SolveRequest

        assert self.simulation
        chain = self.simulation.chain
        try:
            return solve.solve(chain.mdp, SolveRequest(policy=chain.policy, gamma=self.gamma))
        except InputError:
            return None

    @property
    def worth(self) -> Floats | None:
        """[S] the exact value of each state under the policy that is followed, if there are any."""
        if not self.simulation or not self.solved:
            return None
        answer = self.solved.plain()
        value = dict(zip(answer["state"], answer["v"], strict=True))
        return np.array([value.get(name, 0.0) for name in self.world.states.names()])

    def summary(self, watch: Watch = lambda items, done: items) -> Result:
        """Return the statistics of the episodes.

        Args:
            watch: sees blocks of episodes go by, and how many each holds.

        Raises:
            UsageError: episodes hang together, or what nobody would see is asked for.
        """
        self._require_independent()
        if self.request.with_prob:
            raise UsageError(
                "statistics have no probabilities of actions",
                fix="leave out --with-prob, or say --rows trajectories",
            )
        tallies = watch(self.tallies(), lambda tally: int(tally.gain.clusters[0]))
        return summary(tallies, self.facts(), self.exact_start_value())


def estimated(
    play: Play, ask: Callable[[Experience], Result], watch: Watch = lambda items, done: items
) -> Result:
    """Return what is estimated from the episodes of a play, with the exact values beside it.

    Where no episode is cut, or what is cut is bootstrapped from the model, the rows have the exact
    V, Q and A of the policy that was followed.

    Args:
        play: what is played.
        ask: from experience to the estimates.
        watch: sees the batches go by, and how many episodes each holds.

    Raises:
        UsageError: episodes hang together.
    """
    play._require_independent()
    experience = play.experience()
    experience.batches = iter(watch(experience.batches, len))
    result = ask(experience)
    kept = result.facts.get("truncated_policy", "keep") in ("keep", "bootstrap")
    exact = play.exact_start_value() if kept else None
    mean, error = result.facts["start_value"], result.facts["start_value_se"]
    assert isinstance(mean, float)
    facts = {**play.facts(), **result.facts, "exact_start_value": exact}
    facts["standard_errors_apart"] = apart(mean, error if isinstance(error, float) else 0.0, exact)
    columns = dict(result.columns)
    whole = play.request.max_steps is None or play.request.bootstrap
    if exact is not None and whole and play.solved:
        columns = _with_exact(result, play.solved)
    notes = result.notes
    if play.request.bootstrap and notes and play.worth is not None:
        notes = ["what was cut off is worth what the model says: its values are exact"]
    return replace(result, columns=columns, facts=facts, notes=notes)


def _with_exact(result: Result, answer: Result) -> dict[str, Column]:
    """Return the columns of an estimate, each value with what the model says behind it."""
    known, found = answer.plain(), result.plain()  # arrays of text would cut a \x00 off
    pairs = [*zip(known["state"], known["action"], strict=True)]
    rows = [*zip(found["state"], found["action"], strict=True)] if "action" in found else []
    by_pair = {name: dict(zip(pairs, known[name], strict=True)) for name in ("q", "a")}
    by_state = dict(zip(known["state"], known["v"], strict=True))
    columns: dict[str, Column] = {}
    for name, column in result.columns.items():
        columns[name] = column
        letter = name.removesuffix("_high")
        if letter == "v" and name != letter:
            columns["v_exact"] = Column([by_state[s] for s in found["state"]], symbol="V")
        elif letter in by_pair and name != letter:
            exact = [by_pair[letter][pair] for pair in rows]
            columns[f"{letter}_exact"] = Column(exact, symbol=letter.upper())
    return columns


MOST_STEPS = 2**31 - 1
"""Steps that an episode may have: they are counted in 32 bits."""

AFFORDABLE = 200_000_000
"""Outcomes that are looked at for an exact value: a second or so."""

A_CALL = 2_000
"""Outcomes that are looked at in the time that it takes to begin."""


def steps_ahead_value(mdp: MDP, policy: Policy, gamma: float, steps: int) -> Floats:
    """Return the value of so many steps under a policy: V_n(s) = r_π(s) + γ Σ_s' P_π(s'|s) V_{n−1}.

    Args:
        mdp: the model.
        policy: which is followed.
        gamma: the discount factor a step.
        steps: n.
    """
    followed = mdp.expected.induced_by(policy.weight)
    value: Floats = np.zeros(mdp.n_states)
    for _ in range(steps):
        value = followed.best(followed.action_value(value, gamma))
    return value


def prepare(world: MDP | Game, request: PlayRequest) -> Play:
    """Return a world ready to be played.

    Raises:
        InputError: the policy or the first state is not the world's, or episodes never end.
        UsageError: a request that makes no sense.
    """
    if request.episodes < 1 or request.group < 1:
        raise UsageError("there must be at least one episode, also in a group")
    if request.max_steps is not None and not 1 <= request.max_steps <= MOST_STEPS:
        raise UsageError(
            f"max_steps is {request.max_steps}", fix=f"give a whole number from 1 to {MOST_STEPS}"
        )
    request = replace(request, group=min(request.group, request.episodes))
    seed = any_seed() if request.seed is None else request.seed
    if not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"seed is {seed}", fix="give a whole number from 0 to 2^63 − 1")
    gamma = world.gamma if request.gamma is None else request.gamma
    gamma = 1.0 if gamma is None else gamma
    if not 0 <= gamma <= 1:
        raise InputError(f"gamma is {gamma:g}", fix="the discount factor is from 0 to 1")
    if not isinstance(world, MDP):
        return _game(world, request, seed, gamma)
    start = first_states(world, request.start)
    world = replace(world, start=start)
    policy = policy_by_name(request.policy, world, gamma)
    chain = Chain.of(world, policy, start)
    simulation = Simulation(chain, request.episodes, seed, request.max_steps, request.group)
    return Play(world, request, seed, gamma, simulation, policy)


def _game(world: Game, request: PlayRequest, seed: int, gamma: float) -> Play:
    policy = world.policies[0] if request.policy is None else request.policy
    known = policy in world.policies or (callable(policy) and "function" in world.policies)
    if isinstance(policy, str) and not known and hasattr(world, "decoded"):
        other: Game | None = world.decoded(policy)
        world, known = other or world, other is not None
    if not known:
        raise InputError(
            f"{shown(world.name)} cannot be played by the policy {shown(policy)}: {world.why}",
            fix=f"its policies are {', '.join(world.policies)}",
        )
    if request.start is not None:
        raise InputError(
            f"{shown(world.name)} begins where it begins: {world.why}", fix="leave out --start"
        )
    return Play(world, request, seed, gamma, None, policy)


def first_states(mdp: MDP, asked: Any) -> Floats:
    """Return the distribution of the first state.

    Args:
        mdp: the model.
        asked: the name of a state, else `uniform`; None is what the model says.

    Raises:
        InputError: there is no such state, or the model does not say where it begins.
    """
    if asked is None:
        if mdp.start is None:
            raise InputError(
                "the model does not say where it starts",
                shown(mdp.name),
                "say --start STATE, or --start uniform, or add start: STATE to it",
            )
        return mdp.start
    if asked == "uniform" and asked not in mdp.states:
        alike: Floats = (~mdp.expected.terminal).astype(np.float64)
        alike /= alike.sum()
        return alike
    start = np.zeros(mdp.n_states)
    start[codes_of([str(asked)], mdp.states)] = 1.0
    return start


def _tally(outcome: Outcome) -> Tally:
    return Tally.of(outcome.gain, outcome.length, outcome.after < 0, outcome.after >= 0)
