"""The layout of the house: no circles of imports, and a test file beside every module."""

import ast
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "rlcalc"
TESTS = Path(__file__).parent


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(path: Path) -> set[str]:
    """The modules of the package that a file imports, wherever it does so."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rlcalc":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in MODULES else str(node.module))
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in MODULES}
    return found - {_name(path)}


def test_the_top_of_the_repository_is_short() -> None:
    """What commands write in examples belongs in no commit."""
    top = Path(__file__).parents[1]
    if not (top / ".git").exists():
        pytest.skip("this is no checkout")
    listed = subprocess.check_output(["git", "ls-files"], cwd=top, text=True).splitlines()
    names = {name.split("/")[0] for name in listed}

    assert {name for name in names if not name.startswith(".")} == {
        *("CHANGELOG.md", "README.md", "pyproject.toml", "rlcalc", "specs", "tests"),
    }


def test_no_two_files_import_each_other_in_a_circle() -> None:
    """Inside a folder too, where the contracts of import-linter do not look."""
    graph = {name: imports_of(path) for name, path in MODULES.items()}
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, with the circle

    assert len(order) >= len(MODULES)


def test_typer_lives_in_the_command_line_alone() -> None:
    """So `import rlcalc` and `rlcalc.solve(...)` load none of it."""
    users = {
        name
        for name, path in MODULES.items()
        if any(line.startswith("import typer") for line in path.read_text().splitlines())
    }

    assert users <= {n for n in MODULES if n.startswith("rlcalc.commands.")} | {
        "rlcalc.cli",
        "rlcalc.help",
        "rlcalc.options",
    }


CONTRACTS = {
    "api": "test_api.py",
    "estimators/advantages": "estimators/advantages/test_methods.py",
    "estimators/off_policy": "estimators/off_policy/test_methods.py",
    "groups/advantages": "groups/advantages/test_contract.py",
    "objectives/losses": "objectives/losses/test_losses.py",
    "readers/tokens": "readers/tokens/test_load.py",
    "readers/rollouts/dumps": "readers/rollouts/test_dumps.py",
    "solvers/methods": "solvers/methods/test_methods.py",
    "renderers": "renderers/test_formats.py",
}
"""Folders whose members are tested by one contract, over the registry or over the formats."""
ELSEWHERE = {
    "__main__": "test_unbreakable.py",
    "cli": "test_unbreakable.py",
    "options": "commands/test_both_ways.py",
}
"""Modules that are tested through others."""


@pytest.mark.parametrize("name", [n for n, p in MODULES.items() if p.name != "__init__.py"])
def test_every_module_has_its_tests(name: str) -> None:
    path = MODULES[name].relative_to(PACKAGE)
    own = TESTS / path.parent / f"test_{path.name}"
    contract = CONTRACTS.get(path.parent.as_posix()) or ELSEWHERE.get(path.stem)

    assert own.exists() or (contract and (TESTS / contract).exists())
