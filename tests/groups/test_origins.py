"""Columns that join rows back: left out where nobody knows, hidden where a table repeats them."""

from dataclasses import replace

import numpy as np
import polars as pl

from rlcalc.groups.origins import SHOWN, origin_columns, prompts_of_groups
from rlcalc.origins import Origins
from rlcalc.result import Column
from rlcalc.rollouts import Rollouts

PLAIN = Rollouts.from_arrays(["a", "a", "b"], [1.0, 0.0, 1.0])


def known(prompts: list[str], **ids: list[str]) -> Rollouts:
    columns = {name: pl.Series(values) for name, values in ids.items()}
    origins = Origins(np.array([1, 2, 3]), None, ["x"], columns)
    return replace(PLAIN, question=pl.Series(prompts), origins=origins)


def rows_of_groups(rollouts: Rollouts) -> dict[str, Column]:
    groups = np.arange(rollouts.n_groups)
    owner = np.repeat(groups, rollouts.size)
    return origin_columns(rollouts, groups, rollouts.start[:-1], row_of=owner)


def test_rollouts_from_arrays_have_no_origins() -> None:
    assert rows_of_groups(PLAIN) == {}
    assert prompts_of_groups(PLAIN) is None


def test_groups_have_the_ids_that_their_rollouts_share() -> None:
    rollouts = known(["p", "p", "q"], prompt_id=["7", "7", "8"], uid=["x", "y", "z"])

    assert list(rows_of_groups(rollouts)) == ["prompt", "prompt_id", "row"]


def test_a_table_hides_what_its_names_of_groups_say() -> None:
    columns = rows_of_groups(known(["a", "a", "b"], task_id=["7", "7", "8"]))

    assert columns["prompt"].role == "bound"
    assert columns["task_id"].role == "text"


def test_a_prompt_is_one_line_of_so_many_characters() -> None:
    long = "x y\n" * 99
    begins = prompts_of_groups(known([long, long, " q\t"]))

    assert begins is not None
    assert len(begins[0]) == SHOWN
    assert begins[0].startswith("x y x y ")
    assert begins[0].endswith("…")
    assert begins[1] == "q"
    whole = replace(known([long, long, "q"]), facts={"whole_prompts": True})
    assert prompts_of_groups(whole).to_list() == [long, "q"]  # type: ignore[union-attr]
