from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rlcalc
from rlcalc import Experience, Trajectories
from rlcalc.estimators.passes import Passes
from rlcalc.estimators.transitions import END, START, CountedTransitions
from rlcalc.estimators.visits import ACTION_BITS
from tests.estimators.transition_reference import Logged, logs


def counted(*parts: Trajectories, pieces: int = 16) -> CountedTransitions:
    experience = Experience(iter(parts), parts[0].states, parts[0].actions)
    cut = experience.pieces
    experience.pieces = lambda: cut(pieces)  # type: ignore[method-assign,misc]
    return CountedTransitions.of(Passes(experience, None), 0.9, "keep", map)


@given(logs(), st.lists(st.integers(1, 40), max_size=6))
def test_counts_are_those_of_a_plain_loop(log: Logged, cuts: list[int]) -> None:
    """However the batches are cut; steps into what nobody knows are left out, to the last one."""
    known = log.steps()
    assume(known)
    batch = log.arrays()
    edges = sorted({0, len(batch), *(cut for cut in cuts if cut < len(batch))})
    answer = counted(*(batch.cut(a, b) for a, b in pairwise(edges)))

    names = {**dict(enumerate(batch.states.texts)), END: None}
    key, following, count = answer.summary.transitions.total
    actions = batch.actions.texts
    moves = Counter({
        (names[k >> ACTION_BITS], actions[k & 0xFFFFFFFF], names[s]): n
        for k, s, n in zip(key.tolist(), following.tolist(), count.tolist(), strict=True)
        if k != START
    })  # fmt: skip
    starts = {names[s]: n for k, s, n in zip(key, following, count, strict=True) if k == START}

    assert moves == Counter((s, a, after) for steps in known for s, a, _, after in steps)
    assert starts == Counter(steps[0][0] for steps in known)
    assert answer.summary.ends["steps_not_used"] == batch.n_steps - sum(map(len, known))


def test_a_cut_trajectory_leads_to_the_state_that_followed() -> None:
    """V(a) = 1 + 0.5 V(b), V(b) = 4; the second trajectory was cut in b."""
    log = Logged([[("a", "x", 1.0), ("b", "x", 4.0)], [("a", "x", 1.0)]], ["end", "b"])
    result = rlcalc.estimate(log.arrays(), gamma=0.5, method="ce", of="v")

    assert result["v"].tolist() == [3.0, 4.0]
    assert "steps_not_used" not in result.facts


def test_steps_into_the_unknown_are_left_out_and_counted() -> None:
    """From d no step is known, so c is not known either: both of its steps go."""
    log = Logged([[("a", "x", 1.0)], [("a", "x", 9.0), ("c", "x", 9.0)]], ["end", "d"])
    result = rlcalc.estimate(log.arrays(), method="ce", of="v")

    assert result.plain()["state"] == ["a"]
    assert result["v"].tolist() == [1.0]
    assert result.facts["steps_not_used"] == 2
    assert "2 steps of 1 truncated trajectories are left out" in result.notes[0]


def test_nothing_known_is_an_error_with_a_way_out() -> None:
    log = Logged([[("a", "x", 1.0)]] * 2, ["lost", "lost"])
    with pytest.raises(rlcalc.InputError, match="no step is left"):
        rlcalc.estimate(log.arrays(), method="ce")


def test_drop_and_bootstrap_are_as_in_monte_carlo() -> None:
    batch = Trajectories.from_arrays(
        ["a", "a"], ["x", "x"], [1.0, 3.0], length=[1, 1], terminated=[True, False],
        truncated=[False, True], last_value=[np.nan, 10.0],
    )  # fmt: skip
    dropped = rlcalc.estimate(batch, gamma=0.5, method="ce", truncated="drop")
    bootstrapped = rlcalc.estimate(batch, gamma=0.5, method="ce", truncated="bootstrap")

    assert dropped["v"].tolist() == [1.0]
    assert bootstrapped["v"].tolist() == [(1 + 3 + 5) / 2]
    with pytest.raises(rlcalc.UsageError, match="applies to Monte Carlo gains"):
        rlcalc.estimate(batch, method="ce", truncated="cut")


def test_states_that_never_end_have_no_total_reward() -> None:
    log = Logged([[("a", "x", 1.0)], [("b", "x", 1.0)]], ["end", "b"])
    with pytest.raises(rlcalc.InputError, match="1 states never lead to the end"):
        rlcalc.estimate(log.arrays(), gamma=1.0, method="ce")

    assert rlcalc.estimate(log.arrays(), gamma=0.5, method="ce", of="v")["v"].tolist() == [1.0, 2.0]
