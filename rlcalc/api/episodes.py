"""Episodes: simulate a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from rlcalc.api.arguments import Watch, read_request, require_numbers
from rlcalc.api.keywords import Playing, takes
from rlcalc.errors import UsageError, shown
from rlcalc.renderers.progress import without_progress

if TYPE_CHECKING:
    from rlcalc.result import Result
    from rlcalc.simulation.play import Play
    from rlcalc.simulation.request import PlayRequest
    from rlcalc.trajectories import Experience


@overload
def simulate(
    source: Any, episodes: int, *, rows: Literal["trajectories"] = ..., **how: Unpack[Playing]
) -> Experience: ...
@overload
def simulate(
    source: Any, episodes: int, *, rows: Literal["summary"], **how: Unpack[Playing]
) -> Result: ...
@overload
def simulate(
    source: Any, episodes: int, *, rows: Literal["rollouts"], **how: Unpack[Playing]
) -> Iterator[dict[str, Any]]: ...
@takes(Playing)
def simulate(
    source: Any,
    episodes: int,
    *,
    rows: str = "trajectories",
    watch: Watch = without_progress,
    **how: Unpack[Playing],
) -> Any:
    """Return episodes of a model or environment: trajectories, rollouts, or their statistics.

    Args:
        source: a path, `-`, the name of a shipped spec or of an environment, or what `solve`
            takes.
        episodes: the number of episodes.
        rows: `trajectories`, an `Experience`; `summary`, a `Result`; or `rollouts`, the prompts
            and responses of a language world.
        watch: sees the blocks of episodes pass, with a function that gives their number of episodes
            (for a progress bar).
        **how: `policy`, as in `solve`, a `Policy`, or for a Gymnasium environment without a table
            a function from an observation to an action; `start`, a state, or `uniform`;
            `max_steps`; `seed`; `gamma`; `group`: so many episodes in a row share their start
            state; `with_prob`; `jobs`; `settings`, `kind`, `columns` and `max_size`, as in
            `solve`.

    Raises:
        InputError: the source is not a model, cannot be simulated so, or never ends.
    """
    if rows not in ("trajectories", "summary", "rollouts"):
        raise UsageError(f"rows is {shown(rows)}", fix="use trajectories, summary or rollouts")
    play = play_of(source, episodes, **how)
    if rows == "summary":
        return play.summary(watch)
    if rows == "rollouts":
        return play.rollouts(watch(play.trajectories(), len))
    experience = play.experience()
    experience.batches = iter(watch(experience.batches, len))
    experience.facts = play.facts()
    return experience


def world_and_request(
    load_world: Callable[..., Any],
    source: Any,
    episodes: int,
    *,
    settings: Mapping[str, Any] | None = None,
    kind: str | None = None,
    columns: dict[str, str] | None = None,
    max_size: str | int | None = None,
    **how: Any,
) -> tuple[Any, PlayRequest]:
    """Return the world of a source, and the request to simulate it; `how` as in `simulate`."""
    from rlcalc.simulation.request import PlayRequest

    whole = {"episodes": episodes, **{n: how.get(n) for n in ("max_steps", "seed", "group")}}
    require_numbers(gamma=how.get("gamma"), whole=whole)
    request = PlayRequest(episodes, **how)
    reading = {"kind": kind, "columns": columns, "max_size": max_size}
    return load_world(source, settings=settings, **reading), request


def play_of(source: Any, episodes: int, **how: Any) -> Play:
    """Return the simulation of a source, ready to play; `how` as in `simulate`."""
    from rlcalc.simulation.play import prepare_play

    return prepare_play(*world_and_request(_load_world, source, episodes, **how))


def _load_world(source: Any, *, settings: Mapping[str, Any] | None, **reading: Any) -> Any:
    from rlcalc.environments import load as worlds

    return worlds.load_world(source, read_request(**reading), settings)
