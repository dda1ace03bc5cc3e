"""rlcalc gain as a process."""

import json

from tests.conftest import Shell


def test_the_gain_of_three_steps(rlcalc: Shell) -> None:
    """1 + 0.5 · 2 + 0.25 · 3 = 2.75."""
    answer = json.loads(rlcalc("gain", "three-steps", "-g", "0.5", "--json").stdout)

    assert [row["gain"] for row in answer["rows"]] == [2.75, 3.5, 3.0]
    assert answer["facts"]["gamma"] == 0.5


def test_the_first_k_rewards_alone(rlcalc: Shell) -> None:
    answer = json.loads(rlcalc("gain", "three-steps", "-g", "1", "-k", "2", "--json").stdout)

    assert [row["gain"] for row in answer["rows"]] == [3, 5, 3]
