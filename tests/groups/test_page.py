"""The page of a summary answers with the numbers of the facts, within 80 columns."""

import io
import math
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import rlcalc
from rlcalc.groups.page import BARS, BLOCKS, bars, measured
from rlcalc.renderers import table
from rlcalc.result import Result
from rlcalc.rollouts import Rollouts

rewards = st.sampled_from([0.0, 0.5, 1.0, -3.0, 1e9, np.nan])


def page_of(result: Result) -> str:
    stream = io.BytesIO()
    table.write(result, "table", stream, None)
    return stream.getvalue().decode()


def lines_of(rollouts: Rollouts, **options: object) -> dict[str, str]:
    """Return the lines of a page by their names; the last of each name."""
    result = rlcalc.group(rollouts, rows="summary", **options)  # type: ignore[arg-type]
    lines = [line for section in result.sections for line in section.lines]
    return {name: "  ".join(cells) for name, cells in lines}


def test_a_page_on_paper() -> None:
    """Two steps of two groups of two: half, none; all, half."""
    rollouts = Rollouts.from_arrays(
        ["a", "a", "b", "b"] * 2,
        [1, 0, 0, 0, 1, 1, 1, 0],
        step=[1] * 4 + [2] * 4,
        length=[1, 2, 3, 4] * 2,
        truncated=[False] * 7 + [True],
    )
    lines = lines_of(rollouts)

    assert lines["reward"].startswith("0.50 ± 0.25")
    assert lines["by step"] == "▃█"
    assert lines[""] == "0.25 at step 1 to 0.75 at step 2"
    assert lines["k"] == "1  2"
    assert lines["pass@k"] == "0.50  0.75"
    assert lines["dead"] == "0.5 ± 0 of the groups: 2 of 4"  # each prompt was dead once
    assert lines["causes"] == "1 too easy, 1 too hard, 0 flat"
    assert lines["dead at G"] == "0.5  ≤ 0.5  ≤ 0.5"
    assert lines["length"] == "mean 2.5, right 1.75, wrong 3.25, longest 4 tokens"
    assert lines["truncated"] == "0.125 of all, 0.25 of the wrong ones"
    assert lines["rollouts"] == "8"


def test_the_sections_stand_in_the_order_of_the_questions() -> None:
    page = page_of(rlcalc.group("rollouts", rows="summary"))
    questions = [line for line in page.splitlines() if line.endswith("?")]

    assert questions == [
        "Is it learning?",
        "What is wasted?",
        "Where does the gradient go?",
        "Is anything wrong?",
        "What was read?",
    ]
    assert page.count("  more: rlcalc ") == 4


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.lists(rewards, min_size=1, max_size=5)),
        min_size=1,
        max_size=80,
    )
)
def test_a_page_is_80_columns_wide_whatever_it_says(drawn: list[tuple[int, list[float]]]) -> None:
    step = [s for s, group in drawn for _ in group]
    name = [n for n, (_, group) in enumerate(drawn) for _ in group]
    reward = [r for _, group in drawn for r in group]
    with np.errstate(all="ignore"):
        result = rlcalc.group(Rollouts.from_arrays(name, reward, step=step), rows="summary")

    assert max(map(cell_len, page_of(result).splitlines())) <= 80


def test_names_of_the_source_are_escaped_and_folded() -> None:
    reward = {f"\x1b[31mreward{'x' * 90}": [1.0, 0.0], "b": [0.0, 0.0]}
    page = page_of(rlcalc.group(Rollouts.from_arrays([0, 0], reward), rows="summary"))

    assert "\x1b" not in page
    assert "reward" + "x" * 90 in page


def test_what_is_odd_is_said_and_what_is_not_is_not() -> None:
    odd = Rollouts.from_arrays(["a"] * 3 + ["b"] * 2 + ["c"] * 3, [1, 0, np.nan, 1, 0, 1, 0, 0])

    assert lines_of(odd)["unscored"] == "1"
    assert lines_of(odd)["uneven"] == "1 of 3 groups do not have 3 rollouts"
    assert "nothing" not in lines_of(odd)
    even = Rollouts.from_arrays(["a"] * 2, [1, 0])
    assert lines_of(even)["nothing"] == "groups are even, and all rollouts have a reward"


def test_rewards_of_another_scale_are_named() -> None:
    line = lines_of(Rollouts.from_arrays(["a"] * 2, [0.25, 0.5]))["pass@k"]

    assert line == "not known: no reward reaches 1, the largest is 0.5 (--success 0.5)"


def test_other_formats_have_facts_and_rows_as_before() -> None:
    result = rlcalc.group("rollouts", rows="summary")
    without = replace(result, sections=())

    assert result.plain_facts() == without.plain_facts()
    assert list(result.rows()) == list(without.rows())


@given(st.lists(st.floats(-10, 10) | st.just(math.nan), min_size=1, max_size=500))
def test_bars_are_one_a_step_or_one_of_as_many(values: list[float]) -> None:
    drawn = bars(np.array(values))
    each = math.ceil(len(values) / BARS)

    assert len(drawn) == math.ceil(len(values) / each)
    assert set(drawn) <= {*BLOCKS, " "}
    if each == 1:
        assert [bar == " " for bar in drawn] == [math.isnan(value) for value in values]


@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e6))
def test_a_number_is_within_half_a_unit_of_its_last_digit(value: float, error: float) -> None:
    number, _, beside = measured(value, error).partition(" ± ")
    digits, _, exponent = number.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))

    assert abs(float(number) - value) <= 0.5 * unit * (1 + 1e-9) + 1e-9 * abs(value)
    assert abs(float(beside) - error) <= 0.06 * error or error > 9
