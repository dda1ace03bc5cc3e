"""python -m tests: every check there is, the cheapest first."""

import subprocess
import sys
from pathlib import Path

CHECKS = (
    ("ruff", "format", "--check", "--quiet", "."),
    ("ruff", "check", "--quiet", "."),
    ("mypy",),
    ("lint-imports", "--no-cache"),
    ("pytest", "--quiet", "-rs", "-n", "auto"),
)


def main() -> int:
    tools = Path(sys.executable).parent
    for name, *arguments in CHECKS:
        print("$", name, *arguments, flush=True)
        if code := subprocess.run([tools / name, *arguments], check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
