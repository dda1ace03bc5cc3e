"""rlcalc: the quantities of reinforcement learning, from a model or from experience.

The library is the command line without the printing: `solve` takes paths or an `MDP`; `load`,
`estimate`, `gain` and `check` take paths, numpy arrays as `Trajectories`, or Polars frames. They
return a `Result`, and raise the errors of `rlcalc.errors`.

>>> import rlcalc
>>> rlcalc.estimate("two-states")["q"].tolist()
[1.5, 4.5, 3.0]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rlcalc.version import __version__ as __version__

if TYPE_CHECKING:
    from rlcalc.api import (
        advantage,
        ascend,
        audit,
        by_shards,
        check,
        compare,
        estimate,
        evaluate,
        gain,
        gradient,
        group,
        group_against,
        load,
        load_model,
        load_rollouts,
        load_tokens,
        merge,
        model,
        objective,
        partial,
        report,
        simulate,
        solve,
    )
    from rlcalc.errors import InputError, NotConverged, RlcalcError, ShapeError, UsageError
    from rlcalc.labels import Labels
    from rlcalc.mdp import MDP
    from rlcalc.partials import Partial
    from rlcalc.policy import Policy
    from rlcalc.result import Column, Result
    from rlcalc.rollouts import Rollouts
    from rlcalc.tokens import Tokens
    from rlcalc.trajectories import Experience, Trajectories

__all__ = [
    # the commands
    "load",
    "estimate",
    "gain",
    "advantage",
    "evaluate",
    "model",
    "solve",
    "simulate",
    "gradient",
    "ascend",
    "check",
    "compare",
    "load_model",
    "load_rollouts",
    "group",
    "group_against",
    "audit",
    "load_tokens",
    "objective",
    "report",
    "by_shards",
    "partial",
    "merge",
    # the nouns
    "Experience",
    "Trajectories",
    "Labels",
    "MDP",
    "Policy",
    "Rollouts",
    "Tokens",
    "Partial",
    "Result",
    "Column",
    # the errors
    "RlcalcError",
    "UsageError",
    "InputError",
    "ShapeError",
    "NotConverged",
]

_MODULES = {
    "Experience": "trajectories",
    "Trajectories": "trajectories",
    "Labels": "labels",
    "MDP": "mdp",
    "Partial": "partials",
    "Policy": "policy",
    "Rollouts": "rollouts",
    "Tokens": "tokens",
    "Result": "result",
    "Column": "result",
    **dict.fromkeys(
        ["RlcalcError", "UsageError", "InputError", "ShapeError", "NotConverged"], "errors"
    ),
}
"""The modules of the public names; the others are functions of `rlcalc.api`."""


def __getattr__(name: str) -> Any:
    """Import a public name, and numpy with it, when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module 'rlcalc' has no attribute {name!r}")
    return getattr(import_module(f"rlcalc.{_MODULES.get(name, 'api')}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted([*__all__, "__version__"])
