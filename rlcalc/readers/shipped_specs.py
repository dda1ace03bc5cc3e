"""The shipped specs: models and trajectories that are named, not found by a path."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path


@cache
def specs_folder() -> Path:
    """Return the folder of the shipped specs: inside the package, or beside it in a checkout."""
    inside = Path(str(resources.files("rlcalc"))) / "specs"
    return inside if inside.is_dir() else inside.parent.parent / "specs"


@cache
def shipped_specs() -> dict[str, Path]:
    """Return the shipped specs by name; their folder is listed once in a process."""
    return {path.stem: path for path in sorted(specs_folder().iterdir()) if path.suffix == ".yaml"}
