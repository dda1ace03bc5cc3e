"""Environments: named worlds that build a model, or are played. One file a world.

A module has `Parameters`, what a document may say about its world, and build(parameters).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from rlcalc.errors import InputError, nearest, shown
from rlcalc.spec import EnvironmentDocument, faults

if TYPE_CHECKING:
    from rlcalc.mdp import MDP
    from rlcalc.trajectories import Labels, Trajectories

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


def named(name: str) -> bool:
    """Return whether a source is the name of an environment."""
    return name in WORLDS or name.startswith(GYM)


def build(document: EnvironmentDocument) -> MDP | Game:
    """Return the world that a document names.

    Raises:
        InputError: there is no such world, or it has no such parameters.
    """
    name = document.parameters["environment"]
    if isinstance(name, str) and name.startswith(GYM):
        return _built(import_module("rlcalc.environments.gym"), document)
    if not isinstance(name, str) or name not in WORLDS:
        near = nearest(str(name), WORLDS)
        raise InputError(
            f"there is no environment {shown(name)}",
            document.where(("environment",)),
            (f"did you mean {near}? " if near else "")
            + f"there are {', '.join(WORLDS)} and gym:NAME",
        )
    return _built(import_module(f"rlcalc.environments.{WORLDS[name]}"), document)


def _built(module: ModuleType, document: EnvironmentDocument) -> MDP | Game:
    from pydantic import ValidationError

    try:
        parameters = module.Parameters.model_validate(dict(document.parameters))
    except ValidationError as error:
        known = module.Parameters.model_fields
        raise InputError.of(faults(error, document.where, known=known)) from error
    world: MDP | Game = module.build(parameters)
    return world


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
