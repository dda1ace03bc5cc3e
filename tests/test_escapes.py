"""Text of files and names: nothing in it reaches a terminal as what it would obey or hide."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from rlcalc.cli import app_of
from rlcalc.errors import Fault, InputError, RlcalcError, escaped
from rlcalc.renderers.messages import write_message
from tests.conftest import Shell

SIGNS = {
    "NUL": "\0", "backspace": "\b", "bell": "\a", "carriage return": "\r", "line feed": "\n",
    "delete": "\x7f", "colour": "\x1b[31mred", "clipboard": "\x1b]52;c;aGk=\a",
    "link": "\x1b]8;;http://a.b\x1b\\", "C1": "\x9b31m", "next line": "\x85",
    "line separator": "\u2028", "paragraph separator": "\u2029", "zero width space": "\u200b",
    "joiner": "\u200d", "byte order mark": "\ufeff", "soft hyphen": "\u00ad",
    "right to left": "\u202e", "isolate": "\u2067", "mark": "\u200f", "Arabic mark": "\u061c",
    "tag": "\U000e0041", "filler": "\u3164", "variation selector": "\U000e0100",
}  # fmt: skip
RAW = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\u3164\ufeff"
    "\U000e0000-\U000e0fff]"
)

DOCUMENTS: dict[str, dict[str, Any]] = {
    "model": {
        "name": "m",
        "gamma": 0.5,
        "start": "a",
        "states": {
            "a": {"x": [{"to": "a", "p": 0.5, "reward": 1}, {"to": "b", "p": 0.5}]},
            "b": {},
        },
        "policy": {"a": "x"},
    },
    "language": {
        "environment": "language",
        "vocabulary": ["u", "w"],
        "end": "u",
        "prompts": ["p"],
        "reward": {"exact": {"p": "w"}},
        "logits": {"w": {"u": 1.0}},
        "separator": "-",
        "level": "token",
    },
    "steps": {"trajectories": [[{"state": "s", "action": "x", "reward": 1, "log_prob": -0.5}]]},
    "columns": {"trajectories": [{"states": ["s"], "actions": ["x"], "rewards": [1]}]},
    "rollouts": {"prompt": "p", "response": "r", "reward": 1, "group": "g"},
}
COMMANDS = {
    "model": ("solve", "simulate -n 2 --max-steps 2", "gradient --max-steps 2", "check"),
    "language": ("solve", "simulate -n 2", "check"),
    "steps": ("gain", "estimate", "check"),
    "columns": ("gain", "check"),
    "rollouts": ("group", "check"),
}


def places(document: Any) -> int:
    """The number of keys and values of a document, nested ones too."""
    if isinstance(document, dict):
        return sum(2 + places(value) for value in document.values())
    if isinstance(document, list):
        return sum(1 + places(value) for value in document)
    return 0


def spoilt(document: Any, text: str, place: list[int]) -> Any:
    """A copy of a document with a text in place of the key or value of a number, counted down."""

    def value_of(value: Any) -> Any:
        place[0] -= 1
        return text if place[0] == -1 else spoilt(value, text, place)

    def key_of(key: str) -> str:
        place[0] -= 1
        return key + text if place[0] == -1 else key

    if isinstance(document, dict):
        return {key_of(key): value_of(value) for key, value in document.items()}
    return list(map(value_of, document)) if isinstance(document, list) else document


def messages(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> str:
    """The messages of a command in this process, as `main` writes them."""
    done = CliRunner().invoke(app_of(arguments[:1]), arguments)
    capfd.readouterr()
    if isinstance(done.exception, RlcalcError):
        for fault in done.exception.faults:
            write_message(fault)
    elif not isinstance(done.exception, SystemExit | None):
        raise done.exception
    return done.stderr + capfd.readouterr().err + done.stdout


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_no_field_of_a_document_reaches_standard_error_raw(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """All signs at once in each key and each value in turn."""
    text = "".join(SIGNS.values()).replace("\n", "")
    path = tmp_path / ("a.jsonl" if kind == "rollouts" else "a.json")
    for place in range(places(DOCUMENTS[kind])):
        path.write_text(json.dumps(spoilt(DOCUMENTS[kind], text, [place])) + "\n")
        for command in COMMANDS[kind]:
            verb, *options = command.split()
            answer = messages([verb, str(path), *options, "-f", "table"], capfd)

            assert not RAW.search(answer), (place, command, ascii(answer))


def test_names_of_files_and_options_are_escaped(rlcalc: Shell) -> None:
    sign = "".join(SIGNS.values()).replace("\0", "\1").replace("/", "").replace("\n", "")
    for arguments in (
        (f"solve{sign}",),
        ("solve", f"none{sign}.yaml"),
        ("solve", "two-rooms", f"--none{sign}"),
        ("gain", "three-steps", "-g", f"x{sign}"),
        ("gain", "three-steps", "-o", f"none/a{sign}.csv"),
        ("solve", "two-rooms", "--policy", f"none{sign}"),
    ):
        done = rlcalc(*arguments)

        assert done.returncode in (2, 3)
        assert not RAW.search(done.stderr), ascii(done.stderr)
        assert done.stderr.replace("\n", "").isprintable()


@pytest.mark.parametrize("command", ["solve", "simulate", "check"])
def test_a_vocabulary_does_not_set_the_clipboard(
    command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = Path(__file__).parent / "cases/hostile/escape-vocabulary-end.yaml"
    answer = messages([command, str(path)], capfd)

    assert not RAW.search(answer)
    assert "a and \\x1b]52;c;aGk=\\x07\\x1b[31mX" in answer


@pytest.mark.parametrize("name", SIGNS)
def test_every_sign_is_escaped_in_all_of_an_error(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A line feed too: it would let a label write a fix of its own."""
    sign = SIGNS[name]
    write_message(InputError(f"a{sign}b", f"a{sign}b", f"a{sign}b").faults[0])
    write_message(f"note: a{sign}b")
    written = capfd.readouterr().err

    assert written.count("\n") == 4
    assert written.replace("\n", "").isprintable()
    assert not RAW.search(written)


@given(st.text(max_size=40))
def test_escaping_is_idempotent_and_keeps_what_can_be_seen(text: str) -> None:
    once = escaped(text)

    assert once.isprintable()
    assert escaped(once) == once
    assert str(Fault(text)) == once
    assert not text.isascii() or not text.isprintable() or once == text


def test_emoji_stay_whole() -> None:
    assert escaped("✔️ 语言 é") == "✔️ 语言 é"


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "tsv", "md"])
def test_a_terminal_shows_what_hides(form: str, tmp_path: Path) -> None:
    """In every format; JSON still reads as the same text."""
    text = "".join(SIGNS.values())
    (tmp_path / "a.json").write_text(json.dumps({"trajectories": [[text, "x", 1]]}))
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "rlcalc", "gain", "a.json", "-f", form, "-q"],
        cwd=tmp_path,
        stdout=theirs,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "400"},
    ) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                part = os.read(ours, 1 << 16)
            except OSError:  # Linux says so when the other side is closed
                break
            written += part
            if not part:
                break
    os.close(ours)
    shown = re.sub("\x1b\\[[0-9;]*m", "", written.decode().replace("\r\n", "\n"))

    assert process.returncode == 0
    assert not RAW.search(shown), ascii(shown)
    if form == "json":
        assert json.loads(shown)["rows"][0]["state"] == text
