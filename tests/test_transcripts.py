"""Commands and everything they print, in tests/transcripts/*.txt and in every README.

`pytest --rewrite` renews them; git shows what changed.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRANSCRIPTS = sorted((ROOT / "tests" / "transcripts").glob("*.txt"))
READMES = [ROOT / "README.md", *sorted(ROOT.glob("rlcalc/**/README.md")), ROOT / "specs/README.md"]
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with everything that the top of the repository has, where commands may write."""
    for entry in ROOT.iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    return tmp_path


def replayed(transcript: str, folder: Path) -> str:
    """The same commands, and what they print now, standard error last."""
    commands = re.findall(r"^\$ (.*(?:\\\n.*)*)$", transcript, re.MULTILINE)
    return "\n".join(f"$ {command}\n{_printed(command, folder)}" for command in commands)


def _printed(command: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "COLUMNS": "100",
        },
        check=False,
    )
    exit_line = f"[exit {done.returncode}]\n" if done.returncode else ""
    return done.stdout.decode() + done.stderr.decode() + exit_line


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path, checkout: Path, request: pytest.FixtureRequest) -> None:
    before = path.read_text()
    now = replayed(before, checkout)
    if request.config.getoption("--rewrite"):
        path.write_text(now)
    else:
        assert now == before


@pytest.mark.parametrize("path", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_readme_shows_what_is_printed(
    path: Path, checkout: Path, request: pytest.FixtureRequest
) -> None:
    before = path.read_text()
    now = CONSOLE.sub(lambda block: f"```console\n{replayed(block[1], checkout)}```", before)
    if request.config.getoption("--rewrite"):
        path.write_text(now)
    else:
        assert now == before


def test_readme_names_both_commands_that_set_everything_up() -> None:
    """One runs the main job, one passes the tests; .ci/run calls the second."""
    readme = (ROOT / "README.md").read_text()
    script = (ROOT / ".ci" / "run").read_text()
    commands = re.findall(r"^    (python3 -m venv .*)$", readme, re.MULTILINE)

    assert len(commands) == 2
    assert commands[1] in script
