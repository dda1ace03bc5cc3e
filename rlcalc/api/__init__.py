"""The library: one function a command, and all orchestration in it.

A function takes paths, arrays or frames, and returns nouns and results; it prints nothing, and
raises the errors of `rlcalc.errors`. The commands call these functions too. A function lives in
the file of its noun, which is imported when the function is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlcalc.api.advantages import advantage
    from rlcalc.api.comparisons import compare
    from rlcalc.api.episodes import simulate
    from rlcalc.api.evaluations import evaluate
    from rlcalc.api.faults import check
    from rlcalc.api.gradients import ascend, gradient
    from rlcalc.api.log_models import model
    from rlcalc.api.models import load_model, solve
    from rlcalc.api.reports import report
    from rlcalc.api.rollouts import audit, group, group_against, load_rollouts
    from rlcalc.api.shards import by_shards, merge, partial
    from rlcalc.api.tokens import load_tokens, objective
    from rlcalc.api.trajectories import estimate, gain, load

__all__ = [
    "advantage",
    "ascend",
    "audit",
    "by_shards",
    "check",
    "compare",
    "estimate",
    "evaluate",
    "gain",
    "gradient",
    "group",
    "group_against",
    "load",
    "load_model",
    "load_rollouts",
    "load_tokens",
    "merge",
    "model",
    "objective",
    "partial",
    "report",
    "simulate",
    "solve",
]

_MODULES = {
    "advantage": "advantages",
    "ascend": "gradients",
    "audit": "rollouts",
    "by_shards": "shards",
    "check": "faults",
    "compare": "comparisons",
    "estimate": "trajectories",
    "evaluate": "evaluations",
    "gain": "trajectories",
    "gradient": "gradients",
    "group": "rollouts",
    "group_against": "rollouts",
    "load": "trajectories",
    "load_model": "models",
    "load_rollouts": "rollouts",
    "load_tokens": "tokens",
    "merge": "shards",
    "model": "log_models",
    "objective": "tokens",
    "partial": "shards",
    "report": "reports",
    "simulate": "episodes",
    "solve": "models",
}
"""The file of each function; no file has the name of a function, which it would hide."""


def __getattr__(name: str) -> Any:
    """Import a function when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module 'rlcalc.api' has no attribute {name!r}")
    return getattr(import_module(f"rlcalc.api.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """Return the names of the functions."""
    return list(__all__)
