"""The sentences of a report of rollouts: what is said is what the facts are."""

from dataclasses import replace

import numpy as np
import polars as pl

from rlcalc.groups.advantages.request import ConventionRequest
from rlcalc.pages import Section
from rlcalc.reports.command_lines import command_line
from rlcalc.reports.full_groups import MOST_CARDS
from rlcalc.reports.rollouts import RolloutReport
from rlcalc.result import Result
from rlcalc.rollouts import Rollouts


def sections(rewards: list[list[float]], **more: np.ndarray) -> dict[str, Section]:
    group = np.repeat(np.arange(len(rewards)), [len(one) for one in rewards])
    rollouts = Rollouts.from_arrays(group, np.concatenate(rewards), **more)
    about = RolloutReport(rollouts, ConventionRequest().convention("grpo", None))
    described = Result("check", "Rollouts", {}, {"faults": 0})
    parts = about.sections(described, rollouts, lambda *w: command_line("group", ["run"], {}, *w))
    return {part.name: part for part in parts}


def test_waste_is_told_by_its_causes() -> None:
    said = " ".join(sections([[0, 0], [1, 1], [0, 1], [0, 1]])["waste"].sentences)

    assert said.startswith("2 groups of 4 with two or more rewards are dead (50 ± ")
    assert "Of these, 1 too easy and 1 too hard." in said


def test_no_success_is_told_and_not_a_rate_of_0() -> None:
    said = " ".join(sections([[0, 0.5], [0.25, 0.5]])["learning"].sentences)

    assert "No reward reaches 1" in said
    assert "rewards go from 0 to 0.5" in said


def test_without_rewards_there_are_no_means() -> None:
    parts = sections([[np.nan, np.nan]])

    assert parts["learning"].sentences[-1] == "No rollout has a reward."
    assert parts["wrong"].warnings[0].startswith("2 rollouts without a reward")


def test_misfits_are_told_and_shown() -> None:
    rewards = [[0.0, 1.0]] * 30
    advantage = np.tile([-0.5, 0.5], 30)
    advantage[0] = 9.0
    parts = sections(rewards, advantage=advantage)

    assert parts["wrong"].warnings[0].startswith("1 advantage of the trainer does not fit")
    assert parts["groups"].groups[0].reason == (
        "does not fit: the trainer's advantage is 9, expected -0.5"
    )


def test_branches_are_of_groups_that_are_there_as_a_whole() -> None:
    n = MOST_CARDS + 1
    rollouts = Rollouts.from_arrays([0] * n + [1] * 3, [0.0, 1.0] * (n // 2) + [0.0] + [1.0, 0, 0])
    texts = replace(rollouts, beginning=pl.Series(["a", "b"] * (n // 2 + 2)))
    about = RolloutReport(rollouts, ConventionRequest().convention("grpo", None))
    described = Result("check", "Rollouts", {}, {"faults": 0})
    parts = about.sections(described, texts, lambda *w: command_line("group", ["run"], {}, *w))
    tables = {table.title: table for table in parts[-1].tables}

    branches = tables["Branches of the groups in full"]
    assert list(branches.result["group"]) == [1, 1]
    assert branches.command == "rlcalc group run --rows branches --by words"
