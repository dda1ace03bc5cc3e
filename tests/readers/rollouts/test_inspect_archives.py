"""Archives of inspect-ai: whatever compresses their members, and whatever is wrong with them."""

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.rollouts.detect import trainer_of

if sys.version_info >= (3, 14):
    import zipfile
else:
    from backports.zstd import zipfile

COMPRESSIONS = {
    "stored": zipfile.ZIP_STORED,
    "deflate": zipfile.ZIP_DEFLATED,
    "zstd": zipfile.ZIP_ZSTANDARD,
}
LOG = {"version": 2, "status": "success", "eval": {"task": "t", "eval_id": "e"}}


def archive(path: Path, members: dict[str, Any], compression: str = "zstd") -> Path:
    with zipfile.ZipFile(path, "w", COMPRESSIONS[compression]) as file:
        for name, value in members.items():
            file.writestr(name, value if isinstance(value, str) else json.dumps(value))
    return path


def samples(n: int) -> dict[str, Any]:
    return {
        f"samples/q_epoch_{e}.json": {
            "id": "q", "epoch": e, "scores": {"match": {"value": "CI"[e % 2]}}, "output": {},
        }
        for e in range(n)
    }  # fmt: skip


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_every_compression_gives_the_same_rollouts(tmp_path: Path, compression: str) -> None:
    path = archive(tmp_path / "x.eval", {"header.json": LOG, **samples(4)}, compression)
    rollouts = rlcalc.load_rollouts(path)

    assert rollouts.reward.tolist() == [1, 0, 1, 0]
    assert rollouts.facts["format"] == trainer_of([str(path)]) == "inspect"
    assert "run_status" not in rollouts.facts["logged"]


def test_a_run_that_was_killed_has_only_started(tmp_path: Path) -> None:
    members = {"_journal/start.json": {"version": 2, "eval": LOG["eval"]}, **samples(2)}
    rollouts = rlcalc.load_rollouts(archive(tmp_path / "x.eval", members))

    assert rollouts.facts["logged"]["run_status"] == {"started": 1}


def test_a_log_without_samples_is_not_called_a_zip(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.eval", {"header.json": LOG, "summaries.json": []})
    with pytest.raises(InputError, match="this log of inspect holds no samples"):
        rlcalc.load_rollouts(path)


@pytest.mark.parametrize("bad", ["[1]", "{", "3", '{"eval": 3}', '{"eval": {"scorers": 3}}'])
def test_a_header_that_is_none_is_an_error_of_ours_or_no_matter(tmp_path: Path, bad: str) -> None:
    path = archive(tmp_path / "x.eval", {"header.json": bad, **samples(2)})
    with contextlib.suppress(InputError):
        assert len(rlcalc.load_rollouts(path)) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_damage_anywhere_is_an_input_error(tmp_path: Path, data: st.DataObject) -> None:
    path = archive(
        tmp_path / "x.eval",
        {"header.json": LOG, **samples(2)},
        data.draw(st.sampled_from(list(COMPRESSIONS))),
    )
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(whole[:place])
    else:
        flipped = whole[place] ^ data.draw(st.integers(1, 255))
        path.write_bytes(whole[:place] + bytes([flipped]) + whole[place + 1 :])
    with contextlib.suppress(InputError):
        assert len(rlcalc.load_rollouts(path)) <= 2


def test_an_archive_that_is_cut_short_is_called_damaged(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.eval", {"header.json": LOG, **samples(2)})
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="damaged: its end is missing"):
        rlcalc.load_rollouts(path)
