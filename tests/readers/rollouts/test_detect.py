"""Commands that read something else are told whose rollouts a source holds, by its first record."""

import gzip
import zipfile
from pathlib import Path

import pytest

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.rollouts.detect import trainer_of
from tests.readers.rollouts.test_dumps import DUMPS, lines

TRL = ["prompt", "completion", "advantage", "accuracy"]


@pytest.mark.parametrize("name", DUMPS)
def test_a_trainer_is_known_by_its_first_record(name: str, tmp_path: Path) -> None:
    """A table inside a record is one of wandb's here: its rows are looked at only when read."""
    form, write, _ = DUMPS[name]
    nested = {"trl-wandb": "wandb"}

    assert trainer_of([str(write(tmp_path))]) == nested.get(name, form)


@pytest.mark.parametrize(("suffix", "sign"), [("csv", ","), ("tsv", "\t")])
def test_a_table_is_known_by_its_header_alone(suffix: str, sign: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{suffix}"
    path.write_text(sign.join(f'"{name}"' for name in TRL) + "\n")
    packed = tmp_path / f"y.{suffix}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))

    assert trainer_of([str(path)]) == trainer_of([str(packed)]) == "trl"


def test_usual_names_of_columns_are_no_trainer(tmp_path: Path) -> None:
    """Steps of trajectories may have the same ones, and are more likely meant."""
    path = lines("x.jsonl", {"group": 1, "reward": 1, "step": 0})(tmp_path)

    assert trainer_of([str(path)]) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.jsonl", b""),
        ("x.jsonl", b'{"input": "q", "output": \n'),
        ("x.jsonl", b'{"input": "\xff"}\n'),
        ("x.json", b"[]"),
        ("x.json", b"[7]"),
        ("x.parquet", b"PAR1 and nothing else"),
        ("x.yaml", b"model: [a]\n"),
        ("x.csv.gz", gzip.compress(b"prompt,completion,advantage\n" * 99, mtime=0)[:20]),
        ("x.eval", b"PK\x03\x04PK\x05\x06" + b"\0\0\0\0\1\0\1\0\x10\0\0\0\2" + b"\0" * 5),
    ],
)
def test_what_cannot_be_read_is_of_no_trainer_and_no_error(
    name: str, content: bytes, tmp_path: Path
) -> None:
    """Who reads it next says what is wrong with it."""
    path = tmp_path / name
    path.write_bytes(content)

    assert trainer_of([str(path)]) is None
    assert trainer_of([str(tmp_path / "nothing.jsonl")]) is None


def test_an_archive_of_anything_else_is_of_no_trainer(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("sheet.xml", "<x/>")

    assert trainer_of([str(tmp_path / "x.zip")]) is None


def test_standard_input_is_left_for_who_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes through a pipe is gone once it was read."""
    path = DUMPS["slime"][1](tmp_path)
    with path.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)

        assert trainer_of(["-"]) is None
        assert stream.read() == path.read_text()


def test_a_log_of_chats_is_read_by_every_command(tmp_path: Path) -> None:
    """The prompt is what stands before the last turn of the assistant."""
    user, reply = {"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}
    path = lines(
        "log.jsonl", *[{"messages": [user, reply], "reward": reward} for reward in (0, 1)]
    )(tmp_path)
    result = rlcalc.estimate(path, gamma=1)

    assert trainer_of([str(path)]) == "columns"
    assert list(result["v"]) == [0.5]
    assert list(result["n"]) == [2]


def test_a_log_of_chats_without_a_reward_is_refused(tmp_path: Path) -> None:
    path = lines("log.jsonl", {"messages": [{"role": "assistant", "content": "2"}]})(tmp_path)
    with pytest.raises(InputError, match="no column for the reward") as error:
        rlcalc.estimate(path, gamma=1)

    assert "by the name reward" in error.value.faults[0].fix
