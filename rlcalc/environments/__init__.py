"""Environments: named worlds that build a model, or are played. One file a world.

A module has `Parameters`, what a document may say about its world, and build(parameters).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from rlcalc.documents import EnvironmentDocument, World, faults
from rlcalc.errors import InputError, meant, shown

if TYPE_CHECKING:
    from rlcalc.labels import Labels
    from rlcalc.mdp import MDP
    from rlcalc.trajectories import Trajectories

WORLDS = {
    "rifle": "rifle",
    "jacks-car-rental": "jacks_car_rental",
    "language": "language",
}
"""The file of this folder that builds each world."""

GYM = "gym:"
"""What the name of a Gymnasium environment begins with."""


class Game(Protocol):
    """A world that is played without a table of what can happen in it."""

    name: str
    gamma: float | None
    states: Labels
    actions: Labels
    policies: tuple[str, ...]  # by which it can be played
    why: str  # there is no table

    def play(
        self, n: int, seed: int, policy: Any, max_steps: int | None, group: int, *, with_prob: bool
    ) -> Iterator[Trajectories]:
        """Yield n episodes in batches, with the probabilities of actions if they are wanted."""


def is_environment_name(name: str) -> bool:
    """Return whether a source is the name of an environment."""
    return name in WORLDS or name.startswith(GYM)


def build(document: EnvironmentDocument) -> MDP | Game:
    """Return the world that a document names, as it is without the document's start and policy.

    Raises:
        InputError: there is no such world, or it has no such parameters.
    """
    return world_of(parameters_of(document))


def world_of(parameters: World) -> MDP | Game:
    """Return the world that has these parameters."""
    world: MDP | Game = module_of(parameters.environment).build(parameters)
    return world


def parameters_of(document: EnvironmentDocument) -> World:
    """Return what a document says about the world that it names.

    Raises:
        InputError: there is no such world, or it has no such parameters.
    """
    from pydantic import ValidationError

    name = document.parameters["environment"]
    if not isinstance(name, str) or not is_environment_name(name):
        raise InputError(
            f"there is no environment {shown(name)}",
            document.where(("environment",)),
            meant(str(name), WORLDS) + f"there are {', '.join(WORLDS)} and gym:NAME",
        )
    kind = parameters_type(name)
    try:
        return kind.model_validate(dict(document.parameters))
    except ValidationError as error:
        known = kind.model_fields
        raise InputError.of(faults(error, document.where, known=known)) from error


def module_of(name: str) -> ModuleType:
    """Return what builds a world of this name."""
    file = "gym" if name.startswith(GYM) else WORLDS[name]
    return import_module(f"rlcalc.environments.{file}")


def parameters_type(name: str) -> type[World]:
    """Return what can be said about a world."""
    kind: type[World] = module_of(name).Parameters
    return kind


def parameters() -> dict[str, type[World]]:
    """Return what can be said about each world, by its name."""
    return {name: parameters_type(name) for name in (*WORLDS, GYM)}


def document_of(name: str, settings: Mapping[str, Any]) -> EnvironmentDocument:
    """Return the document that a bare name of a world stands for.

    Args:
        name: of the world; that of a Gymnasium environment may have options behind a comma.
        settings: its parameters.
    """
    return EnvironmentDocument(
        {"environment": name, **settings},
        lambda path: f"--set {shown(path[0])}" if path and path[0] in settings else shown(name),
    )
