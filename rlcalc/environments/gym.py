"""Gymnasium: an environment with a table of transitions becomes a model, any other is played.

A name is `gym:` and what Gymnasium calls it; options of its own may follow behind commas:
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
from rlcalc.numerics.random_streams import draw, stream_keys
from rlcalc.trajectories import Trajectories

COPIES = 16
"""Environments that are played side by side: a constant, for each has its own random numbers."""

LONGEST = 100_000
"""Steps after which an episode that nobody limits is given up: half a minute or so."""

MOST_BINS = 1_000_000
"""Into which a number of an observation is cut."""

BATCH_STEPS = 1 << 16
"""Steps that a batch of trajectories has, or more."""


class Parameters(World):
    """What can be said about an environment: `bins`, and what Gymnasium itself understands."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    bins: Annotated[
        int | None,
        Field(
            description="cut each number of an observation into so many; besides: "
            "Gymnasium's own options"
        ),
    ] = None


def build(parameters: Parameters) -> MDP | Played:
    """Return an environment as a model if it has a table of transitions, else as it is.

    Raises:
        InputError: Gymnasium is missing, does not know it, or its spaces cannot be labelled.
        UsageError: options that are none.
    """
    name, _, options = parameters.environment.removeprefix("gym:").partition(",")
    given = {**_options(options), **(parameters.model_extra or {})}
    if "max_episode_steps" in given:
        raise InputError(
            "max_episode_steps is no option here: a model has no clock",
            shown(name),
            "leave it out, and say --max-steps",
        )
    make = _maker(name, given)
    gamma, title = parameters.gamma, parameters.name or name
    with closing(make()) as environment:
        table = getattr(environment.unwrapped, "P", None)
        actions = environment.action_space
        if type(actions).__name__ != "Discrete":
            raise InputError(
                f"the actions of {shown(name)} are a {type(actions).__name__}, and have no labels",
                fix="only environments with discrete actions can be played",
            )
        if isinstance(table, dict):
            _refuse_bins(parameters.bins, environment.observation_space, name)
            start = getattr(environment.unwrapped, "initial_state_distrib", None)
            return replace(model_of(table, start), gamma=gamma, name=title)
        label = labeller(environment.observation_space, parameters.bins, name)
        limit = environment.spec.max_episode_steps if environment.spec else None
        codes = Numbers(int(actions.start) + np.arange(int(actions.n)))
    return Played(title, gamma, make, label, codes, limit)


def _options(text: str) -> dict[str, Any]:
    """Return what stands behind a name: is_slippery=false,map_name=8x8."""
    options: dict[str, Any] = {}
    for pair in text.split(",") if text else []:
        name, equals, value = pair.partition("=")
        if not (name.strip() and equals):
            raise UsageError(f"{shown(pair)} is no option", fix="write gym:NAME,option=value")
        try:
            options[name.strip()] = json.loads(value)
        except ValueError:
            options[name.strip()] = value
    return options


def _maker(name: str, options: dict[str, Any]) -> Callable[..., Any]:
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
            as_input_errors(f"Gymnasium cannot make {shown(name)}", LISTS),
        ):
            warnings.simplefilter("ignore")
            return gymnasium.make(name, **options, **more)

    return make


@contextmanager
def as_input_errors(what: str, fix: str = "") -> Iterator[None]:
    """Say what goes wrong in an environment, which may raise anything, as a fault of what is read.

    Raises:
        InputError: something went wrong.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())
        if isinstance(error, LookupError) or not said:  # a key alone says little
            said = f"{type(error).__name__}: {said}"
        raise InputError(f"{what}: {shown(said, 300)}", fix=fix) from error


LISTS = "python -c 'import gymnasium; gymnasium.pprint_registry()' lists what it knows"


def model_of(table: dict[int, dict[int, list[tuple[float, int, float, bool]]]], start: Any) -> MDP:
    """Return a table of transitions as a model.

    Gymnasium flags transitions that end an episode, where a model has states that do. A state that
    is entered in both ways has a twin that ends.

    Args:
        table: P[s][a] = [(probability, next state, reward, terminated), ...].
        start: [S] where it begins, or None.
    """
    rows = [
        (s, a, after, float(p), float(r), bool(over))
        for s, actions in table.items()
        for a, outcomes in actions.items()
        for p, after, r, over in outcomes
        if p > 0
    ]
    ends = {after for *_, after, _, _, over in rows if over}
    begins = set() if start is None else {int(s) for s in np.flatnonzero(start)}
    goes_on = {after for s, _, after, _, _, over in rows if not over and s not in ends} | begins
    twins = {s: len(table) + place for place, s in enumerate(sorted(ends & goes_on))}
    only_end = ends - goes_on
    kept = [
        (s, a, twins.get(after, after) if over else after, p, r)
        for s, a, after, p, r, over in rows
        if s not in only_end
    ]
    state, action, after, probability, reward = map(np.array, zip(*kept, strict=True))
    names = [*map(str, range(len(table))), *(f"{s} (end)" for s in twins)]
    states = Labels(names) if twins else Numbers(np.arange(len(table)))
    mdp = MDP.from_rows(state, action, after, probability, reward, states)
    if start is None:
        return mdp
    first = np.zeros(len(states))
    first[: len(table)] = np.asarray(start, dtype=np.float64) / np.sum(start)
    return replace(mdp, start=first)


Labeller = Callable[[Any], str]


def labeller(space: Any, bins: int | None, name: str) -> Labeller:
    """Return what makes a label of an observation.

    A number x of a box is cut into bins of equal width between its bounds; without bounds into bins
    of equal width in arctan x.

    Raises:
        InputError: it is a box and there are no bins, or something else.
    """
    kind = type(space).__name__
    if kind != "Box":
        _refuse_bins(bins, space, name)
    if kind == "Discrete":
        return lambda seen: str(int(seen))
    if kind in ("MultiDiscrete", "MultiBinary", "Tuple"):
        return lambda seen: str(tuple(np.concatenate([np.ravel(part) for part in seen]).tolist()))
    if kind != "Box":
        raise InputError(f"observations of {shown(name)} are a {kind}, and have no labels")
    if bins is None:
        raise InputError(
            f"observations of {shown(name)} are {space.shape} numbers, and have no labels",
            fix="cut each into --bins 10, say: --set bins=10 for other commands",
        )
    if not 1 <= bins <= MOST_BINS:
        raise InputError(f"bins is {bins}, expected 1 to {MOST_BINS:,}")
    low, high = (np.ravel(bound).astype(np.float64) for bound in (space.low, space.high))
    bounded = (np.abs(low) < 1e30) & (np.abs(high) < 1e30)
    low, high = np.where(bounded, low, -np.pi / 2), np.where(bounded, high, np.pi / 2)

    def cut(seen: Any) -> str:
        x = np.ravel(seen).astype(np.float64)
        share = (np.where(bounded, x, np.arctan(x)) - low) / (high - low)
        return str(tuple(np.clip((share * bins).astype(int), 0, bins - 1).tolist()))

    return cut


def _refuse_bins(bins: int | None, space: Any, name: str) -> None:
    if bins is not None:
        raise InputError(
            f"observations of {shown(name)} are {type(space).__name__}, and no numbers to be cut",
            fix="leave out bins",
        )


class Episode:
    """An episode on its way: its steps so far, and after its end one more state."""

    def __init__(self, number: int, seed: int) -> None:
        self.number = number
        self.key = stream_keys(seed, np.array([number]))
        self.states: list[int] = []
        self.actions: list[int] = []
        self.rewards: list[float] = []
        self.terminated = False


@dataclass
class Played:
    """An environment without a table: it is played, and what it shows is labelled."""

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

        Episode e is the next one of the copy e mod 16, whatever the others do: to take episodes as
        they end would favour short ones.

        Raises:
            InputError: an episode does not end, or groups are asked for.
        """
        if group > 1:
            raise InputError(f"{shown(self.name)} cannot begin alike", fix="leave out --group-size")
        if with_prob and callable(policy):
            raise InputError(
                "a function does not tell its probabilities", fix="leave out with_prob"
            )
        done: dict[int, Episode] = {}
        ready: list[Episode] = []
        following = 0
        for episode in self._episodes(n, seed, policy, max_steps):
            done[episode.number] = episode
            while following in done:
                ready.append(done.pop(following))
                following += 1
            if following == n or sum(len(e.actions) for e in ready) >= BATCH_STEPS:
                yield self._batch(ready, with_prob=with_prob)
                ready = []

    def _episodes(self, n: int, seed: int, policy: Any, max_steps: int | None) -> Iterator[Episode]:
        """Yield episodes as they end.

        The step after an end only resets, whatever the action: it is no step of any episode.
        """
        from gymnasium.vector import AutoresetMode, SyncVectorEnv
        from gymnasium.vector.utils import iterate

        copies = min(n, COPIES)
        limit = min(filter(None, (self.limit, max_steps)), default=LONGEST)
        makers = [lambda: self.make(max_episode_steps=limit)] * copies
        with closing(SyncVectorEnv(makers, autoreset_mode=AutoresetMode.NEXT_STEP)) as world:
            own = draw(stream_keys(seed, np.arange(copies)), 0) >> np.uint64(33)
            with as_input_errors(f"{shown(self.name)} cannot be reset"):
                several, _ = world.reset(seed=own.tolist())
            seen = list(iterate(world.observation_space, several))
            playing = [Episode(number, seed) for number in range(copies)]
            resetting = [False] * copies
            left, any_action = n, self.actions.names()[0]
            while left:
                chosen = [
                    any_action
                    if reset or episode.number >= n
                    else self._act(episode, shows, policy)
                    for episode, shows, reset in zip(playing, seen, resetting, strict=True)
                ]
                with as_input_errors(f"{shown(self.name)} cannot be played on"):
                    several, rewards, terminated, truncated, _ = world.step(np.array(chosen))
                seen = list(iterate(world.observation_space, several))
                for i, episode in enumerate(playing):
                    over, cut = bool(terminated[i]), bool(truncated[i])
                    if resetting[i] or episode.number >= n:
                        resetting[i] = False
                        continue
                    episode.rewards.append(float(rewards[i]))
                    if not (over or cut):
                        continue
                    self._require_end(episode, over or self.limit or max_steps)
                    episode.states.append(self.states.code(self.label(seen[i])))
                    episode.terminated = over
                    playing[i], resetting[i] = Episode(episode.number + copies, seed), True
                    left -= 1
                    yield episode

    def _act(self, episode: Episode, seen: Any, policy: Any) -> int:
        """Return the action that Gymnasium gets, and note its number and the state's."""
        names = self.actions.names()
        if callable(policy):
            chosen = policy(seen)
            if chosen not in names:
                raise InputError(
                    f"the policy's action is {shown(chosen)}, which {shown(self.name)} has not",
                    fix=f"it has {listed(names)}",
                )
            place = names.index(chosen)
        else:
            word = draw(episode.key, len(episode.actions) + 1) >> np.uint64(32)
            place = int(word[0]) * len(names) >> 32
        episode.states.append(self.states.code(self.label(seen)))
        episode.actions.append(place)
        return int(names[place])

    def _require_end(self, episode: Episode, ended: object) -> None:
        if not ended:
            raise InputError(
                f"episode {episode.number:,} has not ended after {LONGEST:,} steps",
                shown(self.name),
                "say after how many steps to stop looking, with --max-steps",
            )

    def _batch(self, episodes: list[Episode], *, with_prob: bool) -> Trajectories:
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
