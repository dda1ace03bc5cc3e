"""Total reward: answers where they exist, errors that name the states where they do not."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings

import rlcalc
from rlcalc.solvers import dispatch
from tests.solvers.models import (
    best_total_of_all_policies,
    by_state,
    models,
    slippery_lake,
    two_ladders,
    value_of,
)


def solved(text: str, tmp_path: Path, **question: object) -> rlcalc.Result:
    path = tmp_path / "model.yaml"
    path.write_text(text)
    return rlcalc.solve(path, gamma=1.0, **question)  # type: ignore[arg-type]


ENDS = "end: {}"


def test_a_loop_that_earns_nothing_may_be_stayed_in(tmp_path: Path) -> None:
    """Leaving costs 5, staying nothing: V = 0, although the best policy never ends."""
    result = solved(
        "states: {a: {go: {to: b}, out: {to: end, reward: -5}}, b: {back: {to: a}}, end: {}}",
        tmp_path,
    )

    assert result["v"].tolist() == [0, 0, 0]
    assert result["pi"].tolist() == [1, 0, 1]


def test_a_loop_that_earns_nothing_is_left_where_that_pays(tmp_path: Path) -> None:
    result = solved(
        "states: {a: {go: {to: b}, out: {to: end, reward: 5}}, b: {back: {to: a}}, end: {}}",
        tmp_path,
    )

    assert result["v"].tolist() == [5, 5, 5]


def test_a_loop_whose_rewards_cancel_earns_nothing(tmp_path: Path) -> None:
    result = solved(
        "states: {a: {go: {to: b, reward: 1}, out: {to: end, reward: 5}},"
        " b: {back: {to: a, reward: -1}}, end: {}}",
        tmp_path,
    )

    assert result["v"].tolist() == [5, 5, 4]


@pytest.mark.parametrize(
    ("states", "what", "where"),
    [
        (
            "a: {go: {to: b, reward: 1}}, b: {back: {to: a, reward: 1}}",
            "cannot reach an end",
            "a and b",
        ),
        (
            "a: {go: {to: b, reward: -1}}, b: {back: {to: a}}, end: {}",
            "cannot reach an end",
            "a and b",
        ),
        ("a: {go: {to: a, reward: 1}, out: {to: end}}, end: {}", "earns a reward for ever", "a"),
        (
            "x: {in: {to: a}}, a: {go: {to: b, reward: 2}, out: {to: end}},"
            " b: {back: {to: a, reward: -1}}, end: {}",
            "earns a reward for ever",
            "a and b",
        ),
    ],
)
def test_what_has_no_answer_says_so(states: str, what: str, where: str, tmp_path: Path) -> None:
    with pytest.raises(rlcalc.InputError) as error:
        solved(f"states: {{{states}}}", tmp_path)

    assert what in str(error.value)
    assert f"where: {where}\n" in str(error.value)


def test_a_policy_that_never_ends_says_so(tmp_path: Path) -> None:
    text = "states: {a: {go: {to: a, reward: -1}, out: {to: end}}, end: {}}\npolicy: {a: go}"
    with pytest.raises(rlcalc.InputError, match="a state cannot reach an end"):
        solved(text, tmp_path, policy="spec")

    assert solved(text, tmp_path)["v"].tolist() == [0, 0]


def test_a_very_long_chain_does_not_stop_early(tmp_path: Path) -> None:
    """Each step goes on with 1/2, else back to the start: 2^31 − 2 steps on average to leave."""
    n = 30
    steps = "".join(
        f"  {s}: {{go: [{{to: {s + 1}, p: 0.5, reward: -1}}, {{to: 0, p: 0.5, reward: -1}}]}}\n"
        for s in range(n)
    )
    result = solved(f"states:\n{steps}  {n}: {{}}\n", tmp_path)

    assert result["v"][0] == 2 - 2.0 ** (n + 1)
    assert result.facts["bound"] < 1e-6


@settings(max_examples=200)
@given(models())
def test_the_optimum_is_that_of_all_policies_that_have_a_total(mdp: rlcalc.MDP) -> None:
    try:
        result = rlcalc.solve(mdp, gamma=1.0)
    except rlcalc.InputError:
        assume(False)

    np.testing.assert_allclose(by_state(mdp, result), best_total_of_all_policies(mdp), atol=1e-9)
    assert result.facts["bound"] < 1e-9


@given(models())
def test_no_answer_means_that_the_discounted_one_grows_without_limit(mdp: rlcalc.MDP) -> None:
    try:
        rlcalc.solve(mdp, gamma=1.0)
    except rlcalc.InputError:
        sizes = [
            np.abs(by_state(mdp, rlcalc.solve(mdp, gamma=gamma))).max()
            for gamma in (1 - 1e-4, 1 - 1e-6)
        ]
        assert sizes[1] > 50 * sizes[0] or _cancels(mdp)


def _cancels(mdp: rlcalc.MDP) -> bool:
    """Whether some policy never ends although its average reward is 0."""
    return abs(rlcalc.solve(mdp, gamma=1 - 1e-9)["v"] * 1e-9).max() < 1e-6


def test_the_shares_of_all_best_actions_reach_the_value() -> None:
    """On the undiscounted lake some best actions never end; sharing π among all of them does."""
    result = rlcalc.solve("frozen-lake", gamma=1.0)
    shared = rlcalc.solve(
        "frozen-lake", gamma=1.0, policy=rlcalc.Policy(result["pi"], "all the best")
    )

    np.testing.assert_allclose(shared["v"], result["v"], atol=1e-12)
    np.testing.assert_allclose(result["v"][0], 14 / 17, rtol=1e-15)


def test_the_value_of_a_policy_solves_its_system() -> None:
    from rlcalc.readers.models.load import load_model
    from rlcalc.readers.read_request import ReadRequest

    mdp = load_model("gridworld-4x4", ReadRequest())
    result = rlcalc.solve(mdp, policy="uniform")
    weight = rlcalc.Policy.uniform(mdp.expected).weight

    np.testing.assert_allclose(by_state(mdp, result), value_of(mdp, weight, 1.0), rtol=1e-12)
    assert result["v"].astype(int).tolist()[:4] == [-14] * 4


@pytest.mark.parametrize("method", ["value-iteration", "krylov", "gauss-seidel"])
def test_many_states_with_few_outcomes_are_proven_in_fractions_too(method: str) -> None:
    """From state s it takes s steps to the end, at 1 each; any method may come near first."""
    n = 1601
    state = np.arange(1, n)
    mdp = rlcalc.MDP.from_rows(state, state * 0, state - 1, state**0, -(state**0))
    result = rlcalc.solve(mdp, gamma=1.0, method=method)

    assert result["v"].tolist() == (-state).tolist()


def test_what_rounding_hides_is_not_called_a_limit_of_iterations() -> None:
    """The policy takes 2^1000 steps, and is too large for the proof by elimination."""
    with pytest.raises(rlcalc.NotConverged, match="use --gamma below 1") as error:
        rlcalc.solve(two_ladders(1000), gamma=1.0)

    assert error.value.result is not None


def test_a_corridor_that_takes_longer_than_floats_tell_apart_is_proven() -> None:
    result = rlcalc.solve(slippery_lake(80), gamma=1.0)

    assert result.facts["bound"] <= 1e-6
    assert result["v"].max() == pytest.approx(1, abs=1e-6)


def test_a_cycle_that_earns_on_average_is_named_in_floats_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It loses 1 and wins 2, round after round."""
    monkeypatch.setattr(dispatch, "EXACT", 0)
    text = (
        "states: {x: {in: {to: a}}, a: {go: {to: b, reward: 2}, out: {to: end}},"
        " b: {back: {to: a, reward: -1}}, end: {}}"
    )
    with pytest.raises(rlcalc.InputError, match="earns a reward for ever") as error:
        solved(text, tmp_path)

    assert "where: a and b\n" in str(error.value)
