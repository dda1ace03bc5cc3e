"""The registry of environments: their names, their modules and the types of their parameters."""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from rlcalc.environments import WORLDS
from rlcalc.readers.shipped_specs import shipped_specs

if TYPE_CHECKING:
    from rlcalc.documents import World

GYM = "gym:"
"""The prefix of Gymnasium's environments, whose file is gym.py."""


def is_environment_name(name: str) -> bool:
    """Return whether a source is the name of an environment."""
    return name in WORLDS or name.startswith(GYM)


def is_environment(source: str) -> bool:
    """Return whether a source is an environment; a file or a spec of that name takes precedence."""
    if source == "-" or not is_environment_name(source):
        return False
    return not os.path.exists(source) and source not in shipped_specs()


def environment_names() -> list[str]:
    """Return the names of the environments as they are listed."""
    return [*WORLDS, f"{GYM}NAME"]


def environment_module(name: str) -> ModuleType:
    """Return the module that builds the world of a name."""
    file = "gym" if name.startswith(GYM) else WORLDS[name]
    return import_module(f"rlcalc.environments.{file}")


def parameters_type(name: str) -> type[World]:
    """Return the type of an environment's parameters."""
    parameters: type[World] = environment_module(name).Parameters
    return parameters


def parameters_types() -> dict[str, type[World]]:
    """Return the type of the parameters of each environment, by its name."""
    return {name: parameters_type(name) for name in (*WORLDS, GYM)}
