"""The README files: short enough to be read, complete, and true where a machine can tell."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rlcalc import manual
from rlcalc.commands import COMMANDS
from rlcalc.environments import WORLDS
from rlcalc.groups.advantages import ESTIMATORS
from rlcalc.groups.advantages.trainers import TRAINERS
from rlcalc.readers.rollouts.dumps import FORMATS
from rlcalc.readers.shipped_specs import shipped_specs
from rlcalc.renderers import FORMATS as OUTPUT_FORMATS
from rlcalc.solvers.methods import METHODS
from tests.conftest import Shell
from tests.test_transcripts import READMES, ROOT

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
HABITS = re.compile(
    r"\b(says? (?:what|how|which)|is told|asked for|wanted|what is (?:left|there)|is no [a-z]+"
    r"|hangs? on|comes? to)\b"
)

by_path = pytest.mark.parametrize(
    "path", READMES, ids=lambda path: str(path.relative_to(ROOT).parent)
)


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text())


def blocks(language: str) -> list[tuple[str, str]]:
    """All blocks of a language, each with a name for the test."""
    return [
        (f"{path.relative_to(ROOT).parent}-{number}", block)
        for path in READMES
        for number, block in enumerate(
            body for kind, body in FENCE.findall(path.read_text()) if kind == language
        )
    ]


def named(blocks: list[tuple[str, str]]) -> list[object]:
    return [pytest.param(block, id=name) for name, block in blocks]


def test_the_entrance_is_short() -> None:
    assert len(text_of("README.md").splitlines()) <= 200


@by_path
def test_lines_and_paragraphs_are_short(path: Path) -> None:
    for line in prose(path).splitlines():
        widest = 140 if line.startswith("|") else 200 if line.startswith("    ") else 100
        assert len(line) <= widest, line
    for paragraph in re.split(r"\n\s*\n|\n(?=- )", prose(path)):
        lines = [line for line in paragraph.strip().splitlines() if not line.startswith("|")]
        assert len(lines) <= 6, paragraph


@by_path
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(prose(path)):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", prose(there), re.MULTILINE)
            assert anchor in map(manual.topic_name, headings), target


@by_path
def test_sentences_have_the_nouns_of_the_field(path: Path) -> None:
    assert [habit[0] for habit in HABITS.finditer(prose(path))] == []


@by_path
def test_named_files_are_there(path: Path) -> None:
    for name in re.findall(r"`((?:rlcalc|tests|specs)/[\w./*-]*)`", prose(path)):
        assert "NAME" in name or list(ROOT.glob(name)), name


@pytest.mark.parametrize("block", named(blocks("python")))
def test_python_runs(block: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", named(blocks("yaml")))
def test_documents_are_read(block: str, rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(block)
    policy = block.startswith("policy:")
    done = rlcalc(*(["solve", "recycling-robot", "--policy"] if policy else ["check"]), "mine.yaml")

    assert done.returncode == 0, done.stdout + done.stderr


def test_commands_have_a_section_each_in_the_order_of_the_help() -> None:
    headings = re.findall(r"^## (.+)$", text_of("rlcalc/commands/README.md"), re.MULTILINE)

    assert headings[: len(COMMANDS)] == list(COMMANDS)


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("README.md", COMMANDS),
        ("rlcalc/commands/README.md", [*ESTIMATORS, *TRAINERS, *METHODS, *OUTPUT_FORMATS]),
        ("rlcalc/readers/README.md", FORMATS),
        ("specs/README.md", WORLDS),
    ],
    ids=["commands", "estimators-trainers-methods-formats", "dumps", "environments"],
)
def test_a_page_names_every_member(page: str, names: list[str]) -> None:
    text = text_of(page)

    assert [name for name in names if not re.search(rf"[`| ]{re.escape(name)}[`\\]", text)] == []


def test_every_shipped_spec_has_a_row() -> None:
    text = text_of("specs/README.md")

    assert [name for name in shipped_specs() if f"[{name}]({name}.yaml)" not in text] == []
    assert "README" not in shipped_specs()
