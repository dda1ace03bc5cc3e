"""Steps that stand twice: found in what a resumed run wrote, and in no other order of rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.groups.repeated_steps import repeated_steps
from rlcalc.rollouts import Rollouts

Row = tuple[int, str, float]


def rollouts_of(rows: list[Row]) -> Rollouts:
    step, prompt, reward = (list(column) for column in zip(*rows, strict=True))
    return Rollouts.from_arrays(prompt, reward, step=step)


def block(step: int, prompts: str = "abc", size: int = 4) -> list[Row]:
    return [(step, f"{prompt}{step}", float(i % 2)) for prompt in prompts for i in range(size)]


def steps_twice(rows: list[Row]) -> list[int | None]:
    rollouts = rollouts_of(rows)
    return [rollouts.step[step] for step in repeated_steps(rollouts).tolist()]


@given(st.integers(2, 6), st.data())
def test_a_step_that_a_resumed_run_wrote_again_is_found(n_steps: int, data: st.DataObject) -> None:
    """Steps 1 to n with the last ones once more before the run goes on."""
    stop = data.draw(st.integers(2, n_steps))
    first = data.draw(st.integers(2, stop))
    rows = [row for step in range(1, stop + 1) for row in block(step)]
    rows += [row for step in range(first, n_steps + 1) for row in block(step)]

    assert steps_twice(rows) == [*range(first, stop + 1)]


@given(st.integers(2, 6), st.sampled_from(["a", "ab", "abc"]), st.integers(2, 5))
def test_a_whole_file_that_stands_twice_is_found(n_steps: int, prompts: str, size: int) -> None:
    rows = [row for step in range(n_steps) for row in block(step, prompts, size)]

    assert steps_twice(rows) == []
    assert steps_twice([*rows, *rows]) == [*range(n_steps)]


def test_other_orders_of_rows_are_no_repetition() -> None:
    rows = [row for step in range(20) for row in block(step)]
    random = np.random.default_rng(2)
    shuffled = [rows[place] for place in random.permutation(len(rows))]
    by_prompt = sorted(rows, key=lambda row: row[1][0])
    in_turn = [row for i in range(4) for row in rows[i::4]]

    for order in (rows, rows[::-1], shuffled, by_prompt, in_turn):
        assert steps_twice(order) == []


def test_a_prompt_of_an_earlier_step_is_no_repetition() -> None:
    rows = [(step, prompt, 0.0) for step in (1, 2, 3) for prompt in "ab" for _ in range(4)]

    assert steps_twice(rows) == []


def test_one_large_group_in_a_step_is_no_repetition() -> None:
    rows = block(1) + block(2) + block(2, "a") + block(3)

    assert steps_twice(rows) == []
    assert "merged" in " ".join(rlcalc.group(rollouts_of(rows)).notes)
