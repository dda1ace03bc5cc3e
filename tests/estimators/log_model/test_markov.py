"""The Markov test of a log: its rows, the size it has, and what it sees."""

from typing import Any

import numpy as np
import pytest

import rlcalc
from rlcalc import Trajectories, UsageError
from tests.estimators.test_monte_carlo_coverage import play


def lumped(seed: int, n: int) -> Trajectories:
    """The student's log whose class2 and class3 are written as one state."""
    batch = rlcalc.simulate("student", n, policy="uniform", seed=seed).whole()
    two, three = (batch.states.code(name) for name in ("class2", "class3"))
    state = np.where(batch.state == three, two, batch.state)
    return Trajectories(**{**vars(batch), "state": state})


def test_two_classes_in_one_state_are_no_markov_state() -> None:
    """What follows study there: another class from class1, the end from a class."""
    result = rlcalc.model(lumped(1, 400), rows="markov")
    rows = {(r["question"], r["state"], r["action"]): r for r in result.rows()}
    one = rows["next_state", "class2", "study"]

    assert next(iter(rows)) == ("next_state", None, None)
    assert one["g2"] == pytest.approx(368.68, abs=0.01)
    assert one["dof"] == 1
    assert one["cramer_v"] == pytest.approx(0.82, abs=0.005)
    assert one["p"] < 1e-12
    assert result.facts["p_next_state"] < 0.05  # type: ignore[operator]
    assert "the state seems not to be Markov" in " ".join(result.notes)
    assert "(class2, study)" in " ".join(result.notes)


def test_it_matters_where_monte_carlo_and_the_model_differ() -> None:
    facts = rlcalc.model(lumped(1, 400), rows="markov").facts
    markov = rlcalc.model(
        rlcalc.simulate("student", 400, policy="uniform", seed=1), rows="markov"
    ).facts

    assert facts["largest_z"] > 4  # type: ignore[operator]
    assert facts["largest_z_state"] == "class2"
    assert facts["largest_z_p"] < 0.001  # type: ignore[operator]
    assert markov["largest_z_p"] > 0.05  # type: ignore[operator]


def test_power_few_episodes_show_the_lumped_state() -> None:
    seen = [
        rlcalc.model(lumped(seed, 15), rows="markov", permutations=199).facts["p_next_state"]
        for seed in range(40)
    ]

    assert np.mean([p is not None and p <= 0.05 for p in seen]) > 0.7


@pytest.mark.slow
@pytest.mark.parametrize("n", [15, 60])
def test_on_a_markov_world_with_loops_it_rejects_3_to_8_percent(n: int) -> None:
    """500 logs of four states: the band is that of the issue, and 2.2 errors of simulation."""
    questions = ("next_state", "time", "policy")
    rejected = dict.fromkeys(questions, 0)
    for seed in range(500):
        batch = play(np.random.default_rng([n, seed]), n)
        result = rlcalc.model(batch, rows="markov", gamma=0.9, permutations=199, jobs=1)
        facts: Any = result.facts
        for name in questions:
            rejected[name] += facts[f"p_{name}"] is not None and facts[f"p_{name}"] <= 0.05

    assert all(500 * 0.025 <= k <= 500 * 0.08 for k in rejected.values()), rejected


def test_the_seed_gives_the_same_bits_whatever_the_threads() -> None:
    batch = play(np.random.default_rng(4), 30)
    one, two = (rlcalc.model(batch, rows="markov", gamma=0.9, seed=5, jobs=jobs) for jobs in (1, 2))
    other = rlcalc.model(batch, rows="markov", gamma=0.9, seed=6)

    assert one.plain() == two.plain()
    assert one.facts == two.facts
    assert one["g2"].tolist() == other["g2"].tolist()
    assert one["p"].tolist() != other["p"].tolist()


def test_where_nothing_can_be_tested_it_says_so() -> None:
    result = rlcalc.model("two-states", rows="markov")

    assert len(result) == 0
    assert result.facts["p_next_state"] is None
    assert "no pair can tell" in result.notes[0]


def test_what_is_not_rejected_could_have_been_seen_only_from_some_size_on() -> None:
    batch = play(np.random.default_rng(4), 60)
    result = rlcalc.model(batch, rows="markov", gamma=0.9)
    row = next(iter(result.rows()))

    assert f"a dependence of Cramér's V {row['cramer_v_seen']:.2g} or more" in result.notes[-1]


def test_a_model_has_no_log_to_test() -> None:
    with pytest.raises(UsageError, match="--rows markov tests a log"):
        rlcalc.model("student", rows="markov")


def test_a_few_permutations_are_refused() -> None:
    with pytest.raises(UsageError, match="cannot be drawn"):
        rlcalc.model("two-states", rows="markov", permutations=5)
