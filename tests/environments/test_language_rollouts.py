"""Rollouts of language worlds."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.environments.language_rollouts import language_rollouts
from rlcalc.trajectories import concatenate
from tests.conftest import Shell
from tests.environments.languages import SUMS, model


@settings(max_examples=20)
@given(st.sampled_from(["token", "turn"]), st.integers(1, 4), st.integers(0, 99))
def test_rollouts_are_the_responses_with_their_rewards(level: str, group: int, seed: int) -> None:
    mdp = model(level=level, follow_ups=["1+1="])
    model_of_language = mdp.language_model  # type: ignore[attr-defined]
    batch = concatenate([*rlcalc.simulate(mdp, 12, seed=seed, group=group)])
    rows = list(language_rollouts([batch], model_of_language, group))

    assert len(rows) == 24
    assert sum(row["reward"] for row in rows) == batch.reward.sum()
    assert {row["prompt"] for row in rows[::2]} <= set(SUMS["prompts"])
    assert all(row["prompt"].endswith("1+1=") for row in rows[1::2])
    if group > 1:
        assert [row["group"] for row in rows[::2]] == [f"{e // group}.0" for e in range(12)]


def test_rollouts_are_written_a_line_each(rlcalc: Shell) -> None:
    done = rlcalc("simulate", "language", "-n", 6, "--seed", 1, "--rollouts", "--group-size", 3)
    rows = [json.loads(line) for line in done.stdout.splitlines()]

    assert [row["group"] for row in rows] == [0, 0, 0, 1, 1, 1]
    assert list(rows[0]) == ["prompt", "response", "reward", "group"]
    groups = json.loads(
        rlcalc("group", "-", "--rows", "groups", "--json", stdin=done.stdout).stdout
    )
    assert [row["n"] for row in groups["rows"]] == [3, 3]
    assert rlcalc("simulate", "rifle", "-n", 6, "--rollouts").returncode == 3
