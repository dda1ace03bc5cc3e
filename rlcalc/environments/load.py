"""Load a world: from a source or a document to an MDP or a game."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rlcalc.documents import EnvironmentDocument, World, document_faults
from rlcalc.environments import WORLDS, registry
from rlcalc.errors import InputError, UsageError, listed, meant, shown
from rlcalc.readers.models import load as models
from rlcalc.readers.models.documents import with_start_and_policy
from rlcalc.readers.read_request import ReadRequest

if TYPE_CHECKING:
    from rlcalc.environments.game import Game
    from rlcalc.mdp import MDP


def load_world(
    source: Any, request: ReadRequest | None = None, settings: Mapping[str, Any] | None = None
) -> MDP | Game:
    """Return the world that a source names, or that it is.

    Args:
        source: a path, `-`, the name of a shipped spec or of an environment; or one in memory, see
            `rlcalc.readers.models.in_memory`.
        request: how to read a file.
        settings: parameters that replace those of the source: --set.

    Raises:
        InputError: the source does not exist, is not a world, or lacks such parameters.
        UsageError: an object cannot be a world.
    """
    if not isinstance(source, str | os.PathLike):
        return _world_in_memory(source, request or ReadRequest(), settings)
    source = os.fspath(source)
    if registry.is_environment(source):
        models.refuse_columns(request or ReadRequest(), f"the environment {shown(source)}")
        return build_environment(environment_document(source, settings or {}))
    model = models.load_model(source, request or ReadRequest(), settings)
    return build_environment(model) if isinstance(model, EnvironmentDocument) else model


def _world_in_memory(
    source: Any, request: ReadRequest, settings: Mapping[str, Any] | None
) -> MDP | Game:
    from rlcalc.mdp import MDP

    if isinstance(source, MDP) or hasattr(source, "play"):
        world: MDP | Game = source
        return world
    from rlcalc.readers.models.in_memory import model_in_memory

    model = model_in_memory(source, request, settings)
    if model is None:
        raise UsageError(
            f"a {type(source).__name__} is not a model",
            fix="give a path, the name of a spec or of an environment, a frame of transitions, "
            "arrays P and R, Gymnasium's P, or an MDP",
        )
    return build_environment(model) if isinstance(model, EnvironmentDocument) else model


def load_mdp(
    source: Any, request: ReadRequest | None = None, settings: Mapping[str, Any] | None = None
) -> MDP:
    """Return the model that a source names; arguments as in `load_world`.

    Raises:
        InputError: the world has no table of transitions, or an error of `load_world`.
    """
    from rlcalc.mdp import MDP

    world = load_world(source, request, settings)
    if not isinstance(world, MDP):
        raise InputError(
            f"{shown(world.name)} has no table of transitions: {world.why}",
            fix="simulate it: rlcalc simulate, or rlcalc estimate with -n EPISODES",
        )
    return world


def environment_document(name: str, settings: Mapping[str, Any]) -> EnvironmentDocument:
    """Return the document that the bare name of an environment stands for.

    Args:
        name: of the environment; a Gymnasium environment may have options after commas.
        settings: its parameters.
    """
    return EnvironmentDocument(
        {"environment": name, **settings},
        lambda path: f"--set {shown(path[0])}" if path and path[0] in settings else shown(name),
    )


def build_environment(document: EnvironmentDocument) -> MDP | Game:
    """Return the world of a document.

    Raises:
        InputError: there is no such environment, or it has no such parameters, start or policy.
    """
    from rlcalc.mdp import MDP

    parameters = checked_parameters(document)
    world: MDP | Game = registry.environment_module(parameters.environment).build(parameters)
    if parameters.start is None and parameters.policy is None:
        return world
    if isinstance(world, MDP):
        return with_start_and_policy(world, parameters, document.where)
    key = "policy" if parameters.start is None else "start"
    raise InputError(
        f"{shown(world.name)} does not take a {key}: {world.why}",
        document.where((key,)),
        f"leave out {key}",
    )


def checked_parameters(document: EnvironmentDocument) -> World:
    """Return the parameters of a document, checked by its environment.

    Raises:
        InputError: there is no such environment, or it has no such parameters.
    """
    from pydantic import ValidationError

    name = document.parameters["environment"]
    if not isinstance(name, str) or not registry.is_environment_name(name):
        raise InputError(
            f"there is no environment {shown(name)}",
            document.where(("environment",)),
            meant(str(name), WORLDS) + f"there are {listed(registry.environment_names())}",
        )
    kind = registry.parameters_type(name)
    try:
        return kind.model_validate(dict(document.parameters))
    except ValidationError as error:
        known = kind.model_fields
        raise InputError.of(document_faults(error, document.where, known=known)) from error


def is_world(sources: Sequence[str], request: ReadRequest) -> bool:
    """Return whether sources are one world, by their content; standard input never is.

    Raises:
        InputError: a source does not exist.
    """
    if len(sources) == 1 and registry.is_environment(sources[0]):
        return True
    return models.holds_model(sources, request)
