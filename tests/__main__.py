"""python -m tests: every check there is, the cheapest first.

`python -m tests newest CONSTRAINTS` runs the quick tests of what meets other libraries, with other
releases than those that a file of constraints names, and only tells what failed.
"""

import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

CHECKS = (
    ("ruff", "format", "--check", "--quiet", "."),
    ("ruff", "check", "--quiet", "."),
    ("mypy",),
    ("lint-imports", "--no-cache"),
    ("pytest", "--quiet", "-rs", "-n", "auto"),
)
FIRST = (3, 11)
"""The Python that the constraints were made with."""

QUICK = ("pytest", "--quiet", "-n", "auto", "-m", "not slow")
MEETING = (
    "tests/api",
    "tests/commands",
    "tests/engines",
    "tests/environments",
    "tests/numerics",
    "tests/readers",
    "tests/renderers",
    "tests/shards",
    "tests/simulation",
)
"""The folders of tests in which our code meets that of others most."""


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["newest"]:
        return try_newest(Path(arguments[1]))
    return next((code for check in CHECKS if (code := run(*check))), 0)


def run(name: str, *arguments: str) -> int:
    print("$", name, *arguments, flush=True)
    tool = Path(sys.executable).parent / name
    return subprocess.run([tool, *arguments], check=False).returncode


def try_newest(constraints: Path) -> int:
    """Run the quick tests where a release differs, and say what they met; it is no failure."""
    pinned = dict(line.split("==") for line in constraints.read_text().split())
    installed = {release.name: release.version for release in distributions()}
    newer = [
        f"{name} {version} ({pinned.get(name, 'not pinned')})"
        for name, version in sorted(installed.items())
        if pinned.get(name) != version and name not in ("rlcalc", "pip", "setuptools")
    ]
    if not newer and sys.version_info[:2] == FIRST:
        print("the newest releases are those of the constraints: nothing else to try")
        return 0
    print(f"newer than the constraints: {', '.join(newer)}", flush=True)
    if run(*QUICK, *MEETING):
        print("WARNING: tests fail with these releases, see above; this does not stop a change")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
