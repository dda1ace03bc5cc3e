"""From what the user names to a world: a file that lists a model, or a named environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rlcalc import environments
from rlcalc.documents import EnvironmentDocument
from rlcalc.errors import InputError, shown
from rlcalc.readers.models import documents
from rlcalc.readers.sources import ReadRequest, shipped_specs

if TYPE_CHECKING:
    from rlcalc.environments import Game
    from rlcalc.mdp import MDP


def load(
    source: str, options: ReadRequest | None = None, settings: Mapping[str, Any] | None = None
) -> MDP | Game:
    """Return the world that a source names.

    Args:
        source: a path, `-`, the name of a shipped spec or of an environment.
        options: how to read a file.
        settings: parameters that are not to be what the source says: --set.

    Raises:
        InputError: it is not there, no world, or has no such parameters.
    """
    if is_environment(source):
        documents.refuse_columns(options or ReadRequest(), f"the environment {shown(source)}")
        return _built(environments.document_of(source, settings or {}))
    found = documents.load_model(source, options or ReadRequest(), settings)
    return _built(found) if isinstance(found, EnvironmentDocument) else found


def _built(document: EnvironmentDocument) -> MDP | Game:
    from rlcalc.mdp import MDP

    said = environments.parameters_of(document)
    world = environments.world_of(said)
    if said.start is None and said.policy is None:
        return world
    if isinstance(world, MDP):
        return documents.with_said(world, said, document.where)
    key = "policy" if said.start is None else "start"
    raise InputError(
        f"{shown(world.name)} is played as it is: {world.why}",
        document.where((key,)),
        f"leave out {key}",
    )


def load_model(
    source: str, options: ReadRequest | None = None, settings: Mapping[str, Any] | None = None
) -> MDP:
    """Return the model that a source names; arguments as in `load`.

    Raises:
        InputError: it is a world that can only be played, or what `load` raises.
    """
    from rlcalc.mdp import MDP

    world = load(source, options, settings)
    if not isinstance(world, MDP):
        raise InputError(
            f"{shown(world.name)} has no table of what can happen: {world.why}",
            fix="it can be played: rlcalc simulate, or rlcalc estimate with -n EPISODES",
        )
    return world


def is_model(sources: Sequence[str], options: ReadRequest) -> bool:
    """Return whether sources are one world, by what stands in them; standard input never is.

    Raises:
        InputError: it is not there.
    """
    if len(sources) == 1 and is_environment(sources[0]):
        return True
    return documents.holds_model(sources, options)


def is_environment(source: str) -> bool:
    """Return whether a source is an environment; a file or a spec of that name goes before it."""
    if source == "-" or not environments.is_environment_name(source):
        return False
    return not os.path.exists(source) and source not in shipped_specs()
