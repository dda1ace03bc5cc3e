"""Lines of rollouts are the same however they arrive, and a wrong one is named by its number."""

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers import sources
from rlcalc.readers.rollouts import jsonl

GOOD = '{"group": "g", "reward": 1}'
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "group": st.sampled_from(["g", "é", "a\nb"]),
            "reward": st.sampled_from([0, 1.5, float("nan"), None, "2"]),
            "length": st.integers(0, 9),
        }
    ),
    min_size=1,
    max_size=12,
)


def written(folder: Path, *lines: str) -> Path:
    path = folder / "x.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@given(ROWS, st.lists(st.integers(0, 11), max_size=3), st.integers(1, 40))
def test_lines_are_the_same_from_a_disk_and_compressed_in_blocks_of_any_size(
    rows: list[dict[str, Any]], blanks: list[int], size: int
) -> None:
    """NaN and numbers in quotes go line by line, all else through Polars."""
    lines = [json.dumps(row) for row in rows]
    for place in blanks:
        lines.insert(place, " ")
    text = "\n".join(lines).encode()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        plain, packed = Path(folder) / "x.jsonl", Path(folder) / "x.jsonl.gz"
        plain.write_bytes(text)
        packed.write_bytes(gzip.compress(text))
        patch.setattr(jsonl, "BLOCK", size)
        patch.setattr(sources, "BLOCK", size)
        read = [rlcalc.load_rollouts(path) for path in (plain, packed)]
    names = list(dict.fromkeys(row["group"] for row in rows))
    wanted = [row for name in names for row in rows if row["group"] == name]

    for rollouts in read:
        assert list(rollouts.group) == names
        np.testing.assert_array_equal(
            rollouts.reward, [float("nan" if r["reward"] is None else r["reward"]) for r in wanted]
        )
        assert rollouts.length is not None
        assert rollouts.length.tolist() == [row["length"] for row in wanted]


def test_a_torn_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    """The run is still writing, or was killed."""
    rollouts = rlcalc.load_rollouts(written(tmp_path, GOOD, "", GOOD, GOOD[:20]))

    assert len(rollouts) == 2
    assert rollouts.facts["torn_lines"] == 1
    assert any("line 4: the last line is torn" in note for note in rollouts.notes)


@pytest.mark.parametrize(
    ("lines", "what", "where"),
    [
        ((GOOD, "", GOOD[:20], GOOD), "in the middle of a value, and others follow", "line 3"),
        ((GOOD[:20],), "ends in the middle", "line 1"),
        ((GOOD, "", GOOD.replace('"g"', "null")), "group is missing, expected a name", "line 3"),
        ((GOOD, "[1, 2]"), "not a mapping", "line 2"),
        (("[7]", GOOD), r"not a mapping: \[7\]", "line 1"),
        ((GOOD, "", GOOD.replace("1", '"x"')), "reward is 'x', expected a number", "line 3"),
        ((GOOD, "", "", GOOD.replace("1", "1e999")), "expected a finite number", "line 4"),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 23])
def test_a_wrong_line_is_named_by_its_number_in_the_file(
    lines: tuple[str, ...],
    what: str,
    where: str,
    size: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Blank lines are no rollouts, but an editor counts them."""
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(lines))
    monkeypatch.setattr(jsonl, "BLOCK", size)
    with pytest.raises(InputError, match=what) as error:
        rlcalc.load_rollouts(path)

    assert f"{path}, {where}, " in f"{error.value.faults[0].where}, "


def test_a_mark_of_the_byte_order_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    """Windows' editors write one."""
    path = tmp_path / "x.jsonl"
    path.write_text(f"{GOOD}\n{GOOD}\n", encoding="utf-8-sig")

    assert rlcalc.load_rollouts(path).reward.tolist() == [1, 1]


def test_a_line_longer_than_the_limit_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, GOOD, GOOD[:-1] + ', "text": "' + "x" * 300 + '"}')
    monkeypatch.setattr(jsonl, "BLOCK", 1 << 6)
    monkeypatch.setattr(jsonl, "LONGEST_LINE", 1 << 8)
    with pytest.raises(InputError, match="a line is longer than") as error:
        rlcalc.load_rollouts(path)

    assert error.value.faults[0].where.endswith("line 2")


OPTIONAL = {
    "advantage": st.sampled_from([0.5, -1, None]),
    "length": st.integers(0, 9),
    "truncated": st.booleans(),
    "note": st.sampled_from(["x", {"length": 3}, [{"advantage": 1}], None]),
    "step": st.integers(0, 2),
}
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"group": st.sampled_from(["g", "h"]), "reward": st.sampled_from([True, 0, 2.5, None])},
        optional=OPTIONAL,
    ),
    min_size=1,
    max_size=8,
)


def everything(path: Path, texts: bool) -> list[str]:
    """All that is read of each rollout, sorted."""
    rollouts = rlcalc.load_rollouts(path)
    rows = zip(
        np.repeat([str(name) for name in rollouts.group], rollouts.size).tolist(),
        np.repeat(np.arange(rollouts.n_groups), rollouts.size).tolist() if texts else [0] * 99,
        *(
            [repr(value) for value in ([None] * len(rollouts) if column is None else column)]
            for column in (
                rollouts.reward, rollouts.advantage, rollouts.length, rollouts.truncated,
                rollouts.absent,
            )
        ),
        strict=False,
    )  # fmt: skip
    return sorted(map(str, rows))


@given(RECORDS, st.data(), st.sampled_from([1, 60, 1 << 20]))
def test_the_order_of_lines_does_not_matter(
    records: list[dict[str, Any]], data: Any, size: int
) -> None:
    """Columns that first appear in a later line, block, record or row of a table count too."""
    shuffled = data.draw(st.permutations(records))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonl, "BLOCK", size)
        patch.setattr(sources, "BLOCK", size)
        read = []
        for number, rows in enumerate((records, shuffled)):
            lines = [json.dumps(row) for row in rows]
            path = Path(folder) / f"{'ab'[number]}.jsonl"
            path.write_text("\n".join(lines))
            packed = path.with_suffix(".jsonl.gz")
            packed.write_bytes(gzip.compress("\n".join(lines).encode()))
            array = path.with_suffix(".json")
            array.write_text("[\n" + ",\n".join(lines) + "]")
            names = list(dict.fromkeys(name for row in rows for name in row))
            table = path.with_suffix(".table.json")
            cells = [[row.get(name) for name in names] for row in rows]
            table.write_text(json.dumps({"columns": names, "data": cells}))
            read += [everything(one, False) for one in (path, packed, array, table)]

    assert all(one == read[0] for one in read)


def test_what_the_first_line_lacks_is_read(tmp_path: Path) -> None:
    """In every block: the group, the reward, even the format."""
    late = [
        ['{"reward": 1}', '{"group": "g", "reward": 2}'],
        ['{"group": "g"}', '{"group": "g", "reward": 2}'],
        ['{"group": "g", "score": 7}', '{"group": "g", "reward": 2}'],
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonl, "BLOCK", 8)
        with pytest.raises(InputError, match="group is missing, expected a name") as error:
            rlcalc.load_rollouts(written(tmp_path, *late[0]))
        rewards = [rlcalc.load_rollouts(written(tmp_path, *lines)).reward for lines in late[1:]]

    assert "line 1" in error.value.faults[0].where
    np.testing.assert_array_equal(rewards, [[np.nan, 2], [np.nan, 2]])


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize(
    "line",
    [
        '{"group": "g", "reward": 1, "reward": 9}',
        '{"reward": 1, "group": "g", "reward" : 9}',
        '{"group": "g", "reward": null, "reward": 9}',
        '{"group": "g", "rew\\u0061rd": 1, "reward": 9}',
        '{"group": "g", "reward": 1, "info": {"k": 1, "k": 2}}',
    ],
)
def test_a_key_twice_is_refused_with_its_line(tmp_path: Path, size: int, line: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonl, "BLOCK", size)
        with pytest.raises(InputError, match="comes twice") as error:
            rlcalc.load_rollouts(written(tmp_path, GOOD, "", GOOD, line, GOOD))

    assert error.value.faults[0].where.endswith("x.jsonl, line 4")


def test_the_same_key_in_another_mapping_is_not_twice(tmp_path: Path) -> None:
    """What Polars reads is right then."""
    line = '{"group": "g", "reward": 1, "info": {"reward": 5, "group": 1}}'

    assert rlcalc.load_rollouts(written(tmp_path, GOOD, line)).reward.tolist() == [1, 1]


def test_a_column_of_nulls_is_one_where_a_key_inside_a_value_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whatever block it comes first."""
    lines = [
        '{"group": "g", "reward": 1, "note": [{"advantage": 1}]}',
        '{"group": "g", "reward": 0, "advantage": null}',
    ]
    for name, ordered in (("a", lines), ("b", lines[::-1])):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(ordered))
    monkeypatch.setattr(jsonl, "BLOCK", 1)
    one, other = (rlcalc.load_rollouts(str(tmp_path / f"{name}.jsonl")) for name in "ab")

    assert one.advantage is not None
    assert other.advantage is not None
