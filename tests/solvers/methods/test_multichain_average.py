"""A gain from each state: by hand, of all policies in fractions, and by linear programming."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import rlcalc
from rlcalc.numerics.fractions import fraction
from tests.solvers.exact_average import best_gain, gain_and_bias
from tests.solvers.models import by_state, dense, mdp_of

LOTTERY = mdp_of(
    {
        (0, 0): [(0, 1.0, 1.0)],
        (1, 0): [(1, 1.0, 2.0)],
        (2, 0): [(0, 0.5, 3.0), (1, 0.5, 3.0)],
        (2, 1): [(0, 1.0, 9.0)],
    },
    3,
)
"""Two loops with 1 and 2 a step, and a state that enters one of them by lot or the worse surely."""


@st.composite
def multichain_models(draw: st.DrawFn) -> rlcalc.MDP:
    """Up to four states with up to two actions, many of which stay; the last may be terminal."""
    n = draw(st.integers(2, 4))
    rewards = st.integers(-4, 4).map(float)
    outcomes: dict[tuple[int, int], list[tuple[int, float, float]]] = {}
    for s in range(n):
        for a in range(draw(st.integers(int(s < n - 1), 2))):
            first, second = draw(st.sampled_from([s, *range(n)])), draw(st.integers(0, n - 1))
            p = draw(st.sampled_from([1.0, 1.0, 0.5, 0.25, 0.1]))
            outcomes[s, a] = [(first, p, draw(rewards))]
            outcomes[s, a] += [(second, 1 - p, draw(rewards))] if p < 1 else []
    return mdp_of(outcomes, n)


def average(mdp: rlcalc.MDP, **options: Any) -> rlcalc.Result:
    return rlcalc.solve(mdp, criterion="average", **options)


def test_two_loops_and_a_lottery_by_hand() -> None:
    """g = (1, 2, 3/2). By lot, 3 is earned where 3/2 counts, and the loops have a bias of 0."""
    result = average(LOTTERY)

    assert result["gain"].tolist() == [1, 2, 1.5, 1.5]
    assert result["q_gain"].tolist() == [1, 2, 1.5, 1]
    assert result["v"].tolist() == [0, 0, 1.5, 1.5]
    assert result["q"].tolist() == [0, 0, 1.5, 8]
    assert result["pi"].tolist() == [1, 1, 1, 0]
    assert result.facts["gain"] is None
    assert result.facts["bound"] < 1e-9


def test_the_least_gain_enters_the_other_loop() -> None:
    result = average(LOTTERY, minimise=True)

    assert result["gain"].tolist() == [1, 2, 1, 1]
    assert result["q_gain"].tolist() == [1, 2, 1.5, 1]
    assert result["pi"].tolist() == [1, 1, 0, 1]
    assert result["v"].tolist() == [0, 0, 8, 8]


def test_the_better_of_two_ways_to_the_same_gain_has_the_larger_bias() -> None:
    """State 1 is left for the loop at 0, for 5 or for 7 once: the gain is 1 either way."""
    ways = {(1, 0): [(0, 1.0, 5.0)], (1, 1): [(0, 1.0, 7.0)], (2, 0): [(2, 1.0, 0.0)]}
    result = average(mdp_of({(0, 0): [(0, 1.0, 1.0)], **ways}, 3))

    assert result["gain"].tolist() == [1, 1, 1, 0]
    assert result["q"].tolist() == [0, 4, 6, 0]
    assert result["pi"].tolist() == [1, 0, 1, 1]


def test_one_leaves_a_component_for_a_better_one_and_terminal_states_earn_nothing() -> None:
    """From 0 and 1, which lose, one goes by way of 1 to the end at 3; 2 is a loop that loses.

    By chance one leaves to 2 twice as often as to 3: the gain is −3 · 2/3.
    """
    mdp = mdp_of(
        {
            (0, 0): [(0, 1.0, -1.0)],
            (0, 1): [(1, 1.0, 0.0)],
            (1, 0): [(0, 1.0, 0.0)],
            (1, 1): [(3, 0.5, -2.0), (1, 0.5, -2.0)],
            (1, 2): [(2, 1.0, 9.0)],
            (2, 0): [(2, 1.0, -3.0)],
        },
        4,
    )
    result = average(mdp, policy="uniform")
    best = average(mdp)

    assert by_state(mdp, best, "gain").tolist() == [0, 0, -3, 0]
    assert best["pi"].tolist() == [0, 1, 1, 0, 0, 1]
    assert by_state(mdp, best).tolist() == [0, 0, 0, 0]
    assert by_state(mdp, result, "gain") == pytest.approx([-2, -2, -3, 0])


@settings(max_examples=60)
@given(multichain_models())
def test_no_policy_has_a_larger_gain_and_one_has_it(mdp: rlcalc.MDP) -> None:
    result = average(mdp)
    exact, bound = best_gain(mdp), Fraction(result.facts["bound"])
    found = by_state(mdp, result, "gain")
    own, _ = gain_and_bias(mdp, [fraction(share) for share in result["pi"].tolist()])

    assert result.facts["bound"] < 1e-6
    assert max(abs(Fraction(g) - e) for g, e in zip(found, exact, strict=True)) <= bound
    assert max(e - o for e, o in zip(exact, own, strict=True)) <= bound


@given(multichain_models())
def test_gain_and_bias_solve_both_equations(mdp: rlcalc.MDP) -> None:
    """g = max q_gain, and where that is attained, no q is above v, which is that of π."""
    result, bound = average(mdp), 1e-9
    state = np.repeat(np.arange(mdp.n_states), np.diff(mdp.pair_start))
    p, r = dense(mdp)
    gain, v = by_state(mdp, result, "gain"), by_state(mdp, result)
    after, q = result["q_gain"], result["q"]
    best = np.full(mdp.n_states, -np.inf)
    np.maximum.at(best, state, after)
    same = after >= gain[state] - bound

    np.testing.assert_allclose(after, p @ gain, atol=bound)
    np.testing.assert_allclose(best[state], gain[state], atol=bound)
    np.testing.assert_allclose(q, r - after + p @ v, atol=bound)
    assert (q[same] <= v[state][same] + bound).all()
    assert same[result["pi"] > 0].all()
    np.testing.assert_allclose(q[result["pi"] > 0], v[state][result["pi"] > 0], atol=bound)


@given(multichain_models(), st.sampled_from([0.5, 3.0]))
def test_the_gain_has_the_scale_of_the_rewards_and_costs_have_the_other_sign(
    mdp: rlcalc.MDP, scale: float
) -> None:
    scaled = replace(mdp, reward=mdp.reward * scale)
    opposite = replace(mdp, reward=-mdp.reward)

    np.testing.assert_allclose(average(scaled)["gain"], scale * average(mdp)["gain"], atol=1e-8)
    np.testing.assert_allclose(
        average(opposite, minimise=True)["gain"], -average(mdp)["gain"], atol=1e-8
    )


def gain_by_linear_program(mdp: rlcalc.MDP) -> Any:
    """min Σ g  s.t.  g(s) ≥ Σ p g,  g(s) + h(s) ≥ r + Σ p h; g = 0 where all is over.

    Source: Puterman (1994), section 9.3; solved by HiGHS.
    """
    p, r = dense(mdp)
    n = mdp.n_states
    here = np.eye(n)[np.repeat(np.arange(n), np.diff(mdp.pair_start))]
    limits = np.block([[p - here, np.zeros_like(p)], [-here, p - here]])
    ends = np.diff(mdp.pair_start) == 0
    bounds = [(0, 0) if end else (None, None) for end in ends] + [(None, None)] * n
    right = np.concatenate([np.zeros(len(r)), -r])
    total = np.concatenate([np.ones(n), np.zeros(n)])
    return linprog(total, limits, right, bounds=bounds, method="highs").x[:n]


def blocks(seed: int) -> rlcalc.MDP:
    """40 states in blocks of 5, from which one goes on to later blocks now and then."""
    rng = np.random.default_rng(seed)
    outcomes = {}
    for s in range(40):
        block = s // 5
        for a in range(3):
            near = rng.integers(5 * block, 5 * block + 5, 2)
            far = rng.integers(5 * block, 40) if a == 2 else near[0]
            rewards = rng.normal(size=3)
            after = zip([*near, far], rng.dirichlet([1, 1, 1]), rewards, strict=True)
            outcomes[s, a] = [(int(t), float(p), float(x)) for t, p, x in after]
    return mdp_of(outcomes, 40)


@pytest.mark.parametrize("seed", range(8))
def test_linear_programming_finds_the_same_gain(seed: int) -> None:
    mdp = blocks(seed)
    result = average(mdp)

    assert len(np.unique(result["gain"])) > 1
    assert result.facts["bound"] < 1e-8
    np.testing.assert_allclose(
        by_state(mdp, result, "gain"), gain_by_linear_program(mdp), atol=1e-6
    )


def as_drn(mdp: rlcalc.MDP) -> str:
    """The model as Storm reads it; terminal states stay where they are."""
    p, r = dense(mdp)
    start = mdp.pair_start.tolist()
    lines, n_choices = [], 0
    for s in range(mdp.n_states):
        lines.append(f"state {s} [0]" + (" init" if s == 0 else ""))
        loop = [(0.0, np.eye(mdp.n_states)[s])]
        rows = [(r[k], p[k]) for k in range(start[s], start[s + 1])] or loop
        for a, (reward, chances) in enumerate(rows):
            n_choices += 1
            lines.append(f"\taction {a} [{float(reward)!r}]")
            lines += [f"\t\t{t} : {float(chances[t])!r}" for t in np.flatnonzero(chances)]
    head = f"@type: MDP\n@parameters\n\n@reward_models\nr\n@nr_states\n{mdp.n_states}\n"
    return head + f"@nr_choices\n{n_choices}\n@model\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("seed", range(3))
def test_storm_finds_the_same_gain(seed: int, tmp_path: Path) -> None:
    """Where stormpy is installed; it is right to 1e-6. On seed 3, and on the least, it hangs."""
    stormpy = pytest.importorskip("stormpy")
    mdp = blocks(seed)
    (tmp_path / "model.drn").write_text(as_drn(mdp))
    theirs = stormpy.build_model_from_drn(str(tmp_path / "model.drn"))
    (question,) = stormpy.parse_properties('R{"r"}max=? [LRA]')
    value = np.array(stormpy.model_checking(theirs, question).get_value_vector())
    gain = by_state(mdp, average(mdp), "gain")

    np.testing.assert_allclose(gain, value, atol=1e-5)


def mutual_exclusion() -> rlcalc.MDP:
    """Three clients request a resource, a server grants it to one at a time; a grant earns 1.

    A client (-1 before it begins; 0 idle, 1 waiting, 2 granted, 3 broken) is broken from the start
    with 0.1: then it cancels at any time, and waits afterwards.
    """
    number = {(0, 0, 0, -1, -1, -1): 0}
    outcomes: dict[tuple[int, int], list[tuple[int, float, float]]] = {}
    waiting = list(number)
    for state in waiting:
        for a, (reward, after) in enumerate(_moves_of_clients(state)):
            for s2, _ in after:
                if s2 not in number:
                    waiting.append(s2)
                    number[s2] = len(number)
            outcomes[number[state], a] = [(number[s2], p, reward) for s2, p in after]
    return mdp_of(outcomes, len(number))


State = tuple[int, ...]
Move = tuple[float, list[tuple[State, float]]]


def _moves_of_clients(state: State) -> Iterator[Move]:
    server, served, denied, *clients = state
    for n, client in enumerate(clients, start=1):

        def then(*numbers: int, n: int = n) -> State:
            return (*numbers[:3], *clients[: n - 1], numbers[3], *clients[n:])

        if client == -1:
            begun = [(then(server, served, denied, c), p) for c, p in ((0, 0.9), (3, 0.1))]
            yield 0.0, begun
        if client == 0 and server in (0, 2):
            asked = then(1, n, denied, 1) if server == 0 else then(3, served, n, 1)
            yield 0.0, [(asked, 1.0)]
        if client == 1 and (server, denied) == (3, n):
            yield 0.0, [(then(2, served, 0, 0), 1.0)]
        if client == 1 and (server, served) == (1, n):
            yield 1.0, [(then(2, served, denied, 2), 1.0)]
        if client == 2:
            yield 0.0, [(state, 1.0)]
        if client in (2, 3) and server in (0, 2):
            freed = (0, 0) if (server, served) == (2, n) else (server, served)
            yield 0.0, [(then(*freed, denied, 0 if client == 2 else 1), 1.0)]


def test_mutual_exclusion_has_the_gain_that_storm_knows() -> None:
    """All three clients are broken with 1/1000: else a grant takes three steps, 333/1000 in all.

    Source: cs_nfail3.nm of Storm's tests, R{"grants"}max=? [LRA]: 333/1000, after Komuravelli,
    Pasareanu & Clarke (2012).
    """
    mdp = mutual_exclusion()
    result = average(mdp)

    assert (mdp.n_states, mdp.n_pairs) == (184, 438)
    assert abs(result["gain"][0] - 0.333) <= result.facts["bound"] < 1e-9
    assert result.facts["gain"] is None
    assert average(mdp, minimise=True).facts["gain"] == pytest.approx(0)


def test_the_best_policy_is_one_that_can_be_read_again() -> None:
    """The lottery under the policy that pi shows has the same gains."""
    result = average(LOTTERY)
    policy: dict[str, dict[str, float]] = {}
    for row in result.rows():
        policy.setdefault(str(row["state"]), {})[str(row["action"])] = row["pi"]
    again = average(LOTTERY, policy=policy)

    assert again["gain"].tolist() == result["gain"].tolist()
    assert again["v"].tolist() == result["v"].tolist()


def test_rules_prefer_actions_that_keep_the_gain() -> None:
    """To enter the worse loop has the larger Q, but softmax and ε-greedy put the gain first."""
    assert average(LOTTERY, policy="softmax:1")["pi"].tolist() == [1, 1, 1, 0]
    assert average(LOTTERY, policy="epsilon:0.5")["pi"].tolist() == [1, 1, 0.75, 0.25]


def test_ties_are_shared_only_where_the_mixture_has_the_same_gain() -> None:
    """0 stays for 1 a step, or leaves with 2^-60 for the loop of 0: for ever in the end."""
    rare = 2.0**-60
    trap = {(0, 1): [(0, 1.0, 1.0), (1, rare, 1.0)], (1, 0): [(1, 1.0, 0.0)]}
    result = average(mdp_of({(0, 0): [(0, 1.0, 1.0)], **trap}, 2))

    assert result["gain"].tolist() == [1, 1, 0]
    assert result["pi"].tolist() == [1, 0, 1]


def test_two_ways_that_tie_are_shared() -> None:
    ways = {(1, 0): [(0, 1.0, 7.0)], (1, 1): [(0, 1.0, 7.0)], (2, 0): [(2, 1.0, 0.0)]}

    assert average(mdp_of({(0, 0): [(0, 1.0, 1.0)], **ways}, 3))["pi"].tolist() == [1, 0.5, 0.5, 1]


def test_the_trace_has_a_bound_in_its_last_row() -> None:
    trace, answer = average(LOTTERY, trace=True), average(LOTTERY)

    assert trace["iteration"].tolist() == list(range(1, len(trace) + 1))
    assert np.isinf(trace["bound"][:-1]).all()
    assert trace["bound"][-1] == answer.facts["bound"]
    assert answer.facts["iterations"] == len(trace)


def test_too_few_iterations_end_with_a_bound_that_holds() -> None:
    with pytest.raises(rlcalc.NotConverged, match=r"gain − g") as caught:
        average(mutual_exclusion(), max_iterations=1)
    result = caught.value.result

    assert abs(result["gain"][0] - 0.333) <= result.facts["bound"]


def test_many_components_take_seconds() -> None:
    """2,000 loops of two states and a state that chooses among them: no system is dense."""
    n = 2_000
    first = 2 * np.arange(n)
    state = np.concatenate([first, first + 1, np.full(n, 2 * n)])
    after = np.concatenate([first + 1, first, first])
    action = np.concatenate([np.zeros(2 * n, dtype=int), np.arange(n)])
    reward = np.concatenate([np.arange(n), np.zeros(2 * n)])
    mdp = rlcalc.MDP.from_rows(state, action, after, np.ones(3 * n), reward)
    result = average(mdp)

    assert by_state(mdp, result, "gain")[[0, 1, 3, 2 * n]].tolist() == [0, 0, 0.5, (n - 1) / 2]
