"""Lines of JSON: read in whole blocks or one by one they say the same, and so do their faults."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import Fault, InputError
from rlcalc.trajectories import Trajectories

Write = Callable[..., Path]
LISTS = {"states": ["a", "b"], "actions": ["x", "y"], "rewards": [1.0, 2.0]}


@pytest.fixture
def lines(tmp_path: Path) -> Write:
    def write(*values: Any) -> Path:
        path = tmp_path / "lines.jsonl"
        written = (value if isinstance(value, str) else json.dumps(value) for value in values)
        path.write_text("".join(f"{line}\n" for line in written))
        return path

    return write


def read(path: Path, small: int) -> Trajectories:
    """Read lines, in whole blocks if these have at least so many bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rlcalc.readers.trajectories.jsonl.SMALL", small)
        return rlcalc.load(path).whole()


def faults(path: Path, small: int = 1 << 20) -> list[Fault]:
    with pytest.raises(InputError) as caught:
        read(path, small)
    return caught.value.faults


labels = st.text('ab":\\,é ', max_size=4) | st.integers(-3, 3)
trajectories = st.lists(st.tuples(labels, labels, st.floats(-9, 9)), min_size=1, max_size=4)


@given(st.lists(trajectories, min_size=1, max_size=6), st.booleans())
def test_whole_blocks_say_what_single_lines_say(
    tmp_path_factory: pytest.TempPathFactory,
    walks: list[list[tuple[str | int, str | int, float]]],
    ended: bool,
) -> None:
    """Also where labels hold colons and quotes, or some are text and others numbers."""
    path = tmp_path_factory.mktemp("lines") / "lines.jsonl"
    values = [dict(zip(LISTS, zip(*steps, strict=True), strict=True)) for steps in walks]
    path.write_text("".join(json.dumps({**v, "terminated": ended}) + "\n" for v in values))
    whole, single = read(path, small=1), read(path, small=1 << 20)

    assert whole.states.names() == single.states.names()
    assert whole.actions.names() == single.actions.names()
    for name in ("start", "state", "action", "reward", "terminated", "truncated"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(single, name), err_msg=name)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (LISTS | {"valeus": [1.0, 2.0]}, "unknown key valeus"),
        (LISTS | {"rewards": [1.0]}, "1 rewards but 2 actions, expected 1"),
        (LISTS | {"rewards": [1.0, None]}, "entry 2 is null, expected a number"),
        (LISTS | {"rewards": [1.0, "2"]}, "entry 2 is text '2', expected a number"),
        ("3", "this is not a trajectory"),
    ],
)
def test_whole_blocks_pass_over_no_fault_of_a_line(line: Any, what: str, lines: Write) -> None:
    """Polars passes over unknown keys and takes text for numbers; rlcalc must not."""
    path = lines(LISTS, LISTS, line)
    whole, single = faults(path, small=1), faults(path)

    assert whole == single
    assert single[0].what == what
    assert single[0].where.startswith(f"{path}, line 3")


def test_a_line_that_is_cut_off_is_told_with_its_number(lines: Write) -> None:
    path = lines(LISTS, "", '{"states": ["a"], ')
    (fault,) = faults(path)

    assert fault.where.startswith(f"{path}, line 3")


def test_a_step_that_is_no_step_is_told_with_its_line(lines: Write) -> None:
    step = {"episode": 0, "state": "a", "action": "x", "reward": 1.0}
    path = lines(step, "", step | {"reward": float("nan")}, step)
    (fault,) = faults(path)

    assert fault.what == "reward is nan, expected a finite number"
    assert fault.where == f"{path}, line 3"


def test_a_key_that_no_line_of_an_earlier_block_has_is_refused(
    lines: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines before it were read without, and cannot be read again."""
    step = {"episode": 0, "state": "a", "action": "x", "reward": 1.0}
    path = lines(step, step, step | {"next_state": "b"})
    monkeypatch.setattr("rlcalc.readers.sources.BLOCK", len(json.dumps(step)) + 1)
    (fault,) = faults(path)

    assert fault.what == "the next_state is in this line, and in no line before"
    assert fault.where == f"{path}, line 3 and after"
    assert fault.fix == "give it in every line"


labels = st.sampled_from(["a", 'say "x":', "null", '{"state":', "b\\", 1, None])


@given(
    st.lists(st.tuples(labels.filter(lambda label: label is not None), labels), min_size=1),
    st.data(),
    st.integers(20, 400),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_key_twice_is_refused_with_its_line_and_no_other_line_is(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[object, object]],
    data: st.DataObject,
    block: int,
) -> None:
    """Whatever the labels look like, and wherever blocks are cut."""
    rows = [
        {"episode": 0, "state": state, "action": "x", "reward": 1, "value": None}
        | ({} if after is None else {"next_state": after})
        for state, after in steps
    ]
    rows[0].setdefault("next_state", "end")
    lines = [
        json.dumps(row, separators=(",", data.draw(st.sampled_from([":", ": "])))) for row in rows
    ]
    path = tmp_path_factory.mktemp("keys") / "steps.jsonl"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rlcalc.readers.sources.BLOCK", block)
        path.write_text("\n".join(lines))
        assert rlcalc.load(str(path)).whole().n_steps == len(rows)
        place = data.draw(st.integers(0, len(rows) - 1))
        key = data.draw(st.sampled_from(sorted(rows[place])))
        twice = data.draw(
            st.sampled_from(["1", "null", '"a"']).filter(lambda v: key != "value" or v != "null")
        )
        lines[place] = f"{lines[place][:-1]}, {json.dumps(key)}: {twice}}}"
        path.write_text("\n".join(lines))
        with pytest.raises(InputError) as error:
            rlcalc.load(str(path)).whole()

    assert error.value.faults[0].what == f"key {key} comes twice"
    assert error.value.faults[0].where.endswith(f"line {place + 1}")
