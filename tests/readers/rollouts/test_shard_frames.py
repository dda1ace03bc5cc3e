"""Real dumps of trainers, file by file: the same rollouts as one reading gives."""

from pathlib import Path

import pytest

import rlcalc
from rlcalc.errors import InputError

TRAINERS = ("verl", "tinker", "trl", "lm-eval", "open-instruct", "skyrl", "slime", "inspect", "art")


@pytest.mark.parametrize("trainer", TRAINERS)
def test_a_dump_gives_the_same_answer_file_by_file(data: Path, trainer: str) -> None:
    folder = data / "trainers" / trainer
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    one = rlcalc.group(str(folder), rows="summary")
    many = rlcalc.by_shards("group", str(folder), rows="summary")

    assert list(many.rows()) == list(one.rows())
    assert many.plain_facts() == one.plain_facts()


def test_tables_that_grow_are_refused(data: Path) -> None:
    with pytest.raises(InputError, match="none is read alone"):
        rlcalc.by_shards("group", str(data / "trainers" / "wandb"), rows="summary")
