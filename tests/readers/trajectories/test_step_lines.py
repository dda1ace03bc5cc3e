"""Rows in JSON: an array of them is the table that its lines are, wherever it comes from."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.trajectories.documents import is_table

STEP = {"episode": 0, "state": "a", "action": "x", "reward": 1}

rows = st.lists(
    st.builds(
        lambda episode, state, reward: {
            "episode": episode, "state": state, "action": "x", "reward": reward
        },
        st.integers(0, 2),
        st.sampled_from(["a", 1, 2.5]),
        st.integers(-3, 3),
    ),
    min_size=1,
).map(lambda steps: sorted(steps, key=lambda step: step["episode"]))  # fmt: skip


@given(rows, st.sampled_from([None, 1]), st.sampled_from(["t.json", "t.yaml", "t.jsonl", "t"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_an_array_of_rows_is_the_table_of_its_lines(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[dict[str, object]],
    indent: int | None,
    name: str,
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    indent = None if name == "t.jsonl" else indent
    (folder / name).write_text(json.dumps(steps, indent=indent))
    (folder / "lines.jsonl").write_text("\n".join(map(json.dumps, steps)))

    array, lines = (list(rlcalc.gain(str(folder / n)).rows()) for n in (name, "lines.jsonl"))
    assert array == lines


def test_a_fault_in_an_array_has_the_number_of_its_row(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps([STEP, {**STEP, "reward": "much"}], indent=1))
    with pytest.raises(InputError, match="reward is 'much'") as error:
        rlcalc.gain(str(tmp_path / "t.json"))

    assert error.value.faults[0].where.endswith("t.json, row 2")


@pytest.mark.parametrize(
    ("value", "table"),
    [
        ([STEP], True),
        ([{"state": "a", "action": "x", "reward": 1}], False),  # one trajectory, as steps
        ([{"states": ["a"], "actions": ["x"], "rewards": [1]}], False),
        (["a", "x", 1], False),
        ([], False),
        (STEP, False),
        ([{"group": 1}], False),
    ],
)
def test_a_table_is_rows_with_more_than_a_step_has(value: object, table: bool) -> None:
    assert is_table(value, one_step=False) is table


def test_rows_of_one_step_are_a_table_where_the_user_says_so() -> None:
    assert is_table([{"state": "a", "action": "x", "reward": 1}], one_step=True)


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["terminated", "value", "log_prob", None])),
        min_size=1,
        max_size=12,
    ),
    st.integers(40, 400),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_columns_that_first_appear_in_a_later_line_count(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[int, str | None]], block: int
) -> None:
    """As if every line had them: missing flags are not set, missing numbers not known."""
    optional = {"terminated": True, "value": 5.0, "log_prob": -1.0}
    steps = [
        {
            "episode": e,
            "state": "a",
            "action": "x",
            "reward": 1.0,
            **({n: optional[n]} if n else {}),
        }
        for e, n in sorted(lines, key=lambda line: line[0])
    ]
    names = {name for _, name in lines if name}
    full = [{**dict.fromkeys(names), **step} for step in steps]
    folder = tmp_path_factory.mktemp("later")
    (folder / "some.jsonl").write_text("\n".join(map(json.dumps, steps)))
    (folder / "all.jsonl").write_text("\n".join(map(json.dumps, full)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rlcalc.readers.sources.BLOCK", block)
        some = rlcalc.load(str(folder / "some.jsonl")).whole()
    whole = rlcalc.load(str(folder / "all.jsonl")).whole()

    assert some.start.tolist() == whole.start.tolist()
    assert some.terminated.tolist() == whole.terminated.tolist()
    assert some.truncated.tolist() == whole.truncated.tolist()
