"""The manual prints the README files: whole, readable, and without what is slow to load."""

import os
import pty
import re
import subprocess
import sys
import tomllib

import pytest

from rlcalc import manual
from rlcalc.cli import COMMANDS
from rlcalc.errors import InputError
from tests.conftest import Shell
from tests.test_transcripts import ROOT

EVERY = [topic.name for topic in manual.topics()]
LISTED = [topic.name for topic in manual.topics() if topic.listed]


def test_every_command_is_a_topic() -> None:
    assert set(COMMANDS) <= set(LISTED)


def test_a_name_is_one_topic() -> None:
    assert len(set(EVERY)) == len(EVERY)


def test_the_list_has_a_line_for_each_topic(rlcalc: Shell) -> None:
    lines = rlcalc("manual").stdout.splitlines()

    assert [line.split()[0] for line in lines[3:]] == LISTED
    assert all(len(line.split(maxsplit=1)) == 2 and len(line) <= 100 for line in lines[3:])
    assert re.findall(r"\b(?:audit|methods|trainers)\b", lines[1]) == [
        "audit",
        "methods",
        "trainers",
    ]


@pytest.mark.parametrize("name", EVERY)
def test_a_topic_loses_no_word_in_a_pipe(name: str) -> None:
    """Whatever Markdown does with its marks, each word of the text is printed."""
    topic = manual.topic(name)
    printed = manual.rendered_manual_topic(topic, terminal=False)
    without_links = re.sub(r"\]\([^)\s]+\)", "]", topic.text)
    words = re.findall(r"[^\W\d_]{3,}", re.sub(r"^```\w+$", "", without_links, flags=re.MULTILINE))

    assert [word for word in dict.fromkeys(words) if word not in printed] == []
    assert "```" not in printed
    assert "\x1b" not in printed


def test_code_is_not_wrapped() -> None:
    """A transcript of 131 columns can be compared with what the command prints."""
    topic = manual.topic("estimate")
    code = re.findall(r"^```console\n(.*?)^```$", topic.text, re.MULTILINE | re.DOTALL)
    printed = manual.rendered_manual_topic(topic, terminal=False).splitlines()

    assert code
    assert all(f"    {line}".rstrip() in printed for line in "".join(code).splitlines())


def test_raw_is_the_markdown_itself(rlcalc: Shell) -> None:
    assert rlcalc("manual", "solve", "--raw").stdout == manual.topic("solve").text


def test_a_link_to_a_topic_names_the_topic() -> None:
    found = manual.Topic(
        "x", "See [the list](../../README.md#glossary) and [this](#x).", "commands"
    )
    printed = manual.rendered_manual_topic(found, terminal=False)

    assert printed == "See the list (rlcalc manual glossary) and this.\n"


@pytest.mark.parametrize(
    ("typed", "name"), [("Glossary", "glossary"), ("exit codes", "exit-codes"), ("GROUP", "group")]
)
def test_a_topic_may_be_typed_as_its_heading(typed: str, name: str) -> None:
    assert manual.topic(typed).name == name


@pytest.mark.parametrize(
    ("typed", "fix"),
    [
        ("estimat", "did you mean estimate?"),
        ("exit", "did you mean exit-codes?"),
        ("truncated", "did you mean truncated-trajectories?"),
        ("xyz", "rlcalc manual lists the topics"),
        ("", "rlcalc manual lists the topics"),
    ],
)
def test_an_unknown_topic_has_the_nearest_one(typed: str, fix: str) -> None:
    with pytest.raises(InputError) as raised:
        manual.topic(typed)

    assert raised.value.faults[0].fix == fix


def test_an_unknown_topic_exits_as_an_unknown_spec_does(rlcalc: Shell) -> None:
    assert rlcalc("manual", "xyz").returncode == rlcalc("specs", "xyz").returncode == 3


def test_raw_without_a_topic_is_refused(rlcalc: Shell) -> None:
    assert rlcalc("manual", "--raw").returncode == 2


@pytest.mark.parametrize(
    ("name", "begins"),
    [("audit", "### Audit\n"), ("methods", "### Methods\n"), ("bound", "### Bound\n")],
)
def test_a_smaller_section_is_a_topic_too(name: str, begins: str) -> None:
    """It ends where the next section begins, and stands in the larger section as well."""
    text = manual.topic(name).text

    assert text.startswith(begins)
    assert len(re.findall(r"^##", text, re.MULTILINE)) == 1
    assert any(text in topic.text for topic in manual.topics() if topic.listed)


def test_a_heading_in_a_block_of_code_is_no_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "# Page\n\nIntroduction.\n\n```sh\n## comment\n```\n\n## One\n\nFirst. Second.\n"
    text += "\n### Small\n\nThird.\n\n## Two\n\nFourth.\n"
    monkeypatch.setattr(manual.Page, "read", lambda page: text)
    monkeypatch.setattr(manual, "PAGES", (manual.Page("page", "a", "b"),))

    assert [(one.name, one.summary) for one in manual.topics()] == [
        ("page", "Introduction"),
        ("one", "First"),
        ("small", "Third"),
        ("two", "Fourth"),
    ]
    assert [one.listed for one in manual.topics()] == [True, True, False, True]
    assert "Third" in manual.topic("one").text
    assert "Fourth" not in manual.topic("one").text + manual.topic("small").text


def test_every_page_is_packed() -> None:
    """hatch packs the folder of the package by itself; other files are named."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    forced = build["targets"]["wheel"]["force-include"]

    for page in manual.PAGES:
        first, _, rest = page.path.partition("/")
        inside = f"{forced[first]}/{rest}".rstrip("/") if first in forced else page.path
        assert inside == f"rlcalc/{page.inside}"


def test_nothing_heavy_is_loaded() -> None:
    """Neither is anything of the manual when another command is asked for help."""
    script = (
        "import sys; import rlcalc.cli; assert 'rlcalc.manual' not in sys.modules;"
        "assert 'rich.markdown' not in sys.modules;"
        "from rlcalc import manual; manual.topic_list();"
        "manual.rendered_manual_topic(manual.topic('group'), terminal=False);"
        "assert not {'numpy', 'polars', 'numba', 'scipy', 'pydantic'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_terminal_has_colours() -> None:
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "rlcalc", "manual", "exit-codes"],
        stdout=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
        check=True,
    )
    os.close(theirs)

    assert b"\x1b[" in os.read(ours, 65536)
    os.close(ours)
