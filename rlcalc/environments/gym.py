"""Gymnasium: an environment with a table of transitions is a model, any other one is simulated.

A name is `gym:` and Gymnasium's own name; Gymnasium's options may follow after commas:
`gym:FrozenLake-v1,is_slippery=false`.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from pydantic import ConfigDict, Field

from rlcalc.documents import World
from rlcalc.errors import InputError, UsageError, listed, shown
from rlcalc.labels import Labels, Numbers
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Ints
from rlcalc.numerics.random_streams import draw, stream_keys
from rlcalc.readers.models.gym_table import mdp_of_gym_table
from rlcalc.trajectories import Trajectories

PARALLEL_COPIES = 16
"""Environments that run side by side: a constant, for each has its own random numbers."""

LONGEST = 100_000
"""Steps after which an episode without a limit is an error: about half a minute."""

MOST_BINS = 1_000_000
"""Most bins of a number of an observation."""

BATCH_STEPS = 1 << 16
"""Steps that a batch of trajectories has, or more."""


class Parameters(World):
    """The parameters of an environment: `bins`, and Gymnasium's own options."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    bins: Annotated[
        int | None,
        Field(
            description="number of bins for each number of an observation; any other key: "
            "Gymnasium's own option"
        ),
    ] = None


def build(parameters: Parameters) -> MDP | GymnasiumGame:
    """Return an environment as a model if it has a table of transitions, else as a game.

    Raises:
        InputError: Gymnasium or the environment is missing, or its spaces cannot be labelled.
        UsageError: the options after the name cannot be read.
    """
    name, _, options = parameters.environment.removeprefix("gym:").partition(",")
    gymnasium_options = {**_options_in_name(options), **(parameters.model_extra or {})}
    if "max_episode_steps" in gymnasium_options:
        raise InputError(
            "max_episode_steps is not an option here: a model has no time limit",
            shown(name),
            "leave it out, and use --max-steps",
        )
    make = _environment_maker(name, gymnasium_options)
    gamma, title = parameters.gamma, parameters.name or name
    with closing(make()) as environment:
        table = getattr(environment.unwrapped, "P", None)
        actions = environment.action_space
        if type(actions).__name__ != "Discrete":
            raise InputError(
                f"the actions of {shown(name)} are a {type(actions).__name__}, not Discrete",
                fix="use an environment with discrete actions",
            )
        if isinstance(table, dict):
            _refuse_bins(parameters.bins, environment.observation_space, name)
            start = getattr(environment.unwrapped, "initial_state_distrib", None)
            mdp = mdp_of_gym_table(table, start)
            cells = cells_of_gym(environment.unwrapped, len(table), mdp.n_states)
            return replace(mdp, gamma=gamma, name=title, cells=cells)
        label = observation_labeller(environment.observation_space, parameters.bins, name)
        limit = environment.spec.max_episode_steps if environment.spec else None
        codes = Numbers(int(actions.start) + np.arange(int(actions.n)))
    return GymnasiumGame(title, gamma, make, label, codes, limit)


def _options_in_name(text: str) -> dict[str, Any]:
    """Return the options after a name, such as is_slippery=false,map_name=8x8."""
    options: dict[str, Any] = {}
    for pair in text.split(",") if text else []:
        name, equals, value = pair.partition("=")
        if not (name.strip() and equals):
            raise UsageError(f"{shown(pair)} is not an option", fix="write gym:NAME,option=value")
        try:
            options[name.strip()] = json.loads(value)
        except ValueError:
            options[name.strip()] = value
    return options


def _environment_maker(name: str, options: dict[str, Any]) -> Callable[..., Any]:
    if ":" in name:  # Gymnasium would import it, and a document may come from anywhere
        raise InputError(
            f"{shown(name)} names a module", fix="import it in Python, and call rlcalc.simulate"
        )
    try:
        import gymnasium
    except ImportError as error:
        raise InputError(
            f"gym:{shown(name)} needs Gymnasium, which is not installed",
            fix="pip install 'rlcalc[gym]'",
        ) from error

    def make(**more: Any) -> Any:
        with (
            warnings.catch_warnings(),
            raise_input_errors(f"Gymnasium cannot make {shown(name)}", LISTS),
        ):
            warnings.simplefilter("ignore")
            return gymnasium.make(name, **options, **more)

    return make


@contextmanager
def raise_input_errors(message: str, fix: str = "") -> Iterator[None]:
    """Turn any error of an environment into an input error.

    Raises:
        InputError: the environment raised an error.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        cause = " ".join(str(error).split())
        if isinstance(error, LookupError) or not cause:  # a key alone is no explanation
            cause = f"{type(error).__name__}: {cause}"
        raise InputError(f"{message}: {shown(cause, 300)}", fix=fix) from error


LISTS = "list its environments: python -c 'import gymnasium; gymnasium.pprint_registry()'"


def cells_of_gym(environment: Any, n_table: int, n_states: int) -> Ints | None:
    """Return [S, 2] the row and column of each state of a lake or a cliff, whose states fill rows.

    Args:
        environment: with a `desc` or a `shape`, if it is a grid.
        n_table: the number of its states.
        n_states: that of the model, whose twins of these have no cell.
    """
    drawn = getattr(environment, "desc", None)
    shape = getattr(environment, "shape", None) if drawn is None else np.shape(drawn)
    if not isinstance(shape, tuple) or len(shape) != 2 or shape[0] * shape[1] != n_table:
        return None
    cells = np.full((n_states, 2), -1, dtype=np.int64)
    cells[:n_table] = np.stack(np.divmod(np.arange(n_table), shape[1]), axis=1)
    return cells


Labeller = Callable[[Any], str]


def observation_labeller(space: Any, bins: int | None, name: str) -> Labeller:
    """Return a function from an observation to its label.

    A number x of a box gets bins of equal width between its bounds; without bounds, bins of equal
    width in arctan x.

    Raises:
        InputError: a box has no bins, or the space has no labels.
    """
    kind = type(space).__name__
    if kind != "Box":
        _refuse_bins(bins, space, name)
    if kind == "Discrete":
        return lambda observation: str(int(observation))
    if kind in ("MultiDiscrete", "MultiBinary", "Tuple"):
        return lambda observation: str(
            tuple(np.concatenate([np.ravel(part) for part in observation]).tolist())
        )
    if kind != "Box":
        raise InputError(
            f"observations of {shown(name)} are a {kind}, and have no labels",
            fix="use an environment with Discrete, MultiDiscrete, Tuple or Box observations",
        )
    if bins is None:
        raise InputError(
            f"observations of {shown(name)} are arrays of numbers, shape {space.shape}, and have "
            "no labels",
            fix="give a number of bins: --bins 10, or --set bins=10",
        )
    if not 1 <= bins <= MOST_BINS:
        raise InputError(f"bins is {bins}", fix=f"give a number from 1 to {MOST_BINS:,}")
    low, high = (np.ravel(bound).astype(np.float64) for bound in (space.low, space.high))
    bounded = (np.abs(low) < 1e30) & (np.abs(high) < 1e30)
    low, high = np.where(bounded, low, -np.pi / 2), np.where(bounded, high, np.pi / 2)

    def binned(observation: Any) -> str:
        x = np.ravel(observation).astype(np.float64)
        share = (np.where(bounded, x, np.arctan(x)) - low) / (high - low)
        return str(tuple(np.clip((share * bins).astype(int), 0, bins - 1).tolist()))

    return binned


def _refuse_bins(bins: int | None, space: Any, name: str) -> None:
    if bins is not None:
        raise InputError(
            f"bins do not apply to {shown(name)}: its observations are {type(space).__name__}",
            fix="leave out bins",
        )


class GymnasiumEpisode:
    """A running episode: its steps so far, and after its end its last state."""

    def __init__(self, number: int, seed: int) -> None:
        self.number = number
        self.key = stream_keys(seed, np.array([number]))
        self.states: list[int] = []
        self.actions: list[int] = []
        self.rewards: list[float] = []
        self.terminated = False


@dataclass
class GymnasiumGame:
    """An environment without a table: it is simulated, and its observations are labelled."""

    name: str
    gamma: float | None
    make: Callable[..., Any]
    label: Labeller
    actions: Labels
    limit: int | None  # its own number of steps, after which it truncates
    policies = ("uniform", "function")
    why = "Gymnasium gives no table of its transitions"

    def __post_init__(self) -> None:
        self.states = Labels()

    def play(
        self, n: int, seed: int, policy: Any, max_steps: int | None, group: int, *, with_prob: bool
    ) -> Iterator[Trajectories]:
        """Yield n episodes in batches; arguments as in `Game.play`.

        Episode e is the next one of the copy e mod 16, whatever the others do: taking episodes as
        they end would favour short ones.

        Raises:
            InputError: an episode does not end, or the request has groups.
        """
        if group > 1:
            raise InputError(
                f"{shown(self.name)} cannot start vector episodes in the same state",
                fix="leave out --group-size",
            )
        if with_prob and callable(policy):
            raise InputError(
                "the probabilities of a policy that is a function are unknown",
                fix="leave out with_prob",
            )
        done: dict[int, GymnasiumEpisode] = {}
        ready: list[GymnasiumEpisode] = []
        next_number = 0
        for episode in self._episodes(n, seed, policy, max_steps):
            done[episode.number] = episode
            while next_number in done:
                ready.append(done.pop(next_number))
                next_number += 1
            if next_number == n or sum(len(e.actions) for e in ready) >= BATCH_STEPS:
                yield self._batch(ready, with_prob=with_prob)
                ready = []

    def _episodes(
        self, n: int, seed: int, policy: Any, max_steps: int | None
    ) -> Iterator[GymnasiumEpisode]:
        """Yield episodes as they end.

        The step after an end only resets, whatever the action: it belongs to no episode.
        """
        from gymnasium.vector import AutoresetMode, SyncVectorEnv
        from gymnasium.vector.utils import iterate

        copies = min(n, PARALLEL_COPIES)
        limit = min(filter(None, (self.limit, max_steps)), default=LONGEST)
        makers = [lambda: self.make(max_episode_steps=limit)] * copies
        with closing(SyncVectorEnv(makers, autoreset_mode=AutoresetMode.NEXT_STEP)) as world:
            own = draw(stream_keys(seed, np.arange(copies)), 0) >> np.uint64(33)
            with raise_input_errors(f"{shown(self.name)} cannot be reset"):
                vector, _ = world.reset(seed=own.tolist())
            observations = list(iterate(world.observation_space, vector))
            running = [GymnasiumEpisode(number, seed) for number in range(copies)]
            resetting = [False] * copies
            remaining, any_action = n, self.actions.names()[0]
            while remaining:
                idle = [
                    reset or episode.number >= n
                    for episode, reset in zip(running, resetting, strict=True)
                ]
                actions = [
                    any_action if idle[i] else self._next_action(episode, observations[i], policy)
                    for i, episode in enumerate(running)
                ]
                with raise_input_errors(f"a step of {shown(self.name)} failed"):
                    vector, rewards, terminated, truncated, _ = world.step(np.array(actions))
                observations = list(iterate(world.observation_space, vector))
                for i, episode in enumerate(running):
                    over, cut = bool(terminated[i]), bool(truncated[i])
                    resetting[i] = not idle[i] and (over or cut)
                    if not idle[i]:
                        episode.rewards.append(float(rewards[i]))
                    if resetting[i]:
                        self._require_end(episode, over or self.limit or max_steps)
                        episode.states.append(self.states.code(self.label(observations[i])))
                        episode.terminated = over
                        running[i] = GymnasiumEpisode(episode.number + copies, seed)
                        remaining -= 1
                        yield episode

    def _next_action(self, episode: GymnasiumEpisode, observation: Any, policy: Any) -> int:
        """Return the next action for Gymnasium, and add it and the state to the episode."""
        names = self.actions.names()
        if callable(policy):
            action = policy(observation)
            if action not in names:
                raise InputError(
                    f"the policy's action {shown(action)} does not exist in {shown(self.name)}",
                    fix=f"return one of {listed(names)}",
                )
            index = names.index(action)
        else:
            word = draw(episode.key, len(episode.actions) + 1) >> np.uint64(32)
            index = int(word[0]) * len(names) >> 32
        episode.states.append(self.states.code(self.label(observation)))
        episode.actions.append(index)
        return int(names[index])

    def _require_end(self, episode: GymnasiumEpisode, ended: object) -> None:
        if not ended:
            raise InputError(
                f"episode {episode.number:,} has not ended after {LONGEST:,} steps",
                shown(self.name),
                "cut episodes with --max-steps N",
            )

    def _batch(self, episodes: list[GymnasiumEpisode], *, with_prob: bool) -> Trajectories:
        lengths = np.array([len(episode.actions) for episode in episodes])
        terminated = np.array([episode.terminated for episode in episodes])
        n = int(lengths.sum())
        return Trajectories(
            start=np.concatenate([[0], np.cumsum(lengths)]),
            state=np.array([s for e in episodes for s in e.states[:-1]], dtype=np.int32),
            action=np.array([a for e in episodes for a in e.actions], dtype=np.int32),
            reward=np.array([r for e in episodes for r in e.rewards]),
            terminated=terminated,
            truncated=~terminated,
            states=self.states,
            actions=self.actions,
            last_state=np.array([e.states[-1] for e in episodes], dtype=np.int32),
            behaviour_prob=np.full(n, 1 / len(self.actions)) if with_prob else None,
        )
