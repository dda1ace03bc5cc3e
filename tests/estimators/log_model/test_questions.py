"""What is tested: each question sees its own dependence, and none of the others."""

import numpy as np
import pytest
from scipy import stats

import rlcalc
from rlcalc import Result, Trajectories
from rlcalc.estimators.log_model.questions import QUESTIONS


def log(rng: np.random.Generator, n: int, fault: str) -> Trajectories:
    """Episodes over the states a, b with a chain that is Markov but for one fault."""
    state, action, reward, length = [], [], [], []
    for _ in range(n):
        s, before = int(rng.integers(2)), 0
        size = 2 + int(rng.geometric(0.2))
        length.append(size)
        for t in range(size):
            a = int(rng.random() < (0.2 + 0.6 * before if fault == "policy" else 0.5))
            r = float(rng.integers(3)) + (before if fault == "reward" else 0)
            state.append("ab"[s])
            action.append("xy"[a])
            reward.append(r)
            up = 0.3 + 0.2 * a + (0.4 * before if fault == "next_state" else 0)
            up = 0.5 if fault == "policy" else up + (0.4 if fault == "time" and t > 2 else 0)
            before, s = s, int(rng.random() < up)
    return Trajectories.from_arrays(state, action, reward, length=length, truncated=[True] * n)


def answers_of(batch: Trajectories) -> Result:
    return rlcalc.model(batch, rows="markov", gamma=0.9, permutations=199)


@pytest.mark.parametrize("fault", QUESTIONS)
def test_a_fault_is_seen_by_its_question(fault: str) -> None:
    facts = answers_of(log(np.random.default_rng(1), 150, fault)).facts

    assert facts[f"p_{fault}"] <= 0.005  # type: ignore[operator]
    others = [facts[f"p_{name}"] for name in QUESTIONS if name != fault]
    if fault in ("reward", "policy"):  # a state with a memory also depends on the time
        assert min(others) > 0.01  # type: ignore[type-var]


def test_a_table_of_states_is_that_of_scipy() -> None:
    """Student, 400 episodes: class3 pub from class2 and from class3; both peers say 11.07."""
    whole = rlcalc.simulate("student", 400, policy="uniform", seed=1).whole()
    result = rlcalc.model(whole, rows="markov")
    row = next(r for r in result.rows() if r["question"] == "next_state" and r["state"])
    names, actions = whole.states.texts, whole.actions.texts
    table: dict[tuple[str, str], int] = {}
    for e in range(len(whole)):
        steps = [names[s] for s in whole.state[whole.start[e] : whole.start[e + 1]]]
        acts = [actions[a] for a in whole.action[whole.start[e] : whole.start[e + 1]]]
        for t in range(1, len(steps) - 1):
            if (steps[t], acts[t]) == ("class3", "pub"):
                key = steps[t - 1], steps[t + 1]
                table[key] = table.get(key, 0) + 1
    classes = ("class1", "class2", "class3")
    count = [[table.get((before, x), 0) for x in classes] for before in classes[1:]]
    found = stats.chi2_contingency(count, lambda_="log-likelihood", correction=False)
    pearson = stats.chi2_contingency(count, correction=False).statistic

    assert (row["state"], row["action"], row["dof"]) == ("class3", "pub", 2)
    assert row["g2"] == pytest.approx(found.statistic)
    assert row["p"] == pytest.approx(stats.chi2.sf(pearson * (row["n"] - 1) / row["n"], 2))
    assert row["cramer_v"] == pytest.approx(np.sqrt(pearson / np.sum(count)))


def test_rewards_without_number_are_tested_by_the_f_distribution() -> None:
    """One pair that leads to itself, and rewards that differ by a step's past: as f_oneway says."""
    rng = np.random.default_rng(8)
    n = 400
    state = np.array(["a", "b"] * n)
    reward = rng.normal(size=2 * n)
    state[rng.random(2 * n) < 0.5] = "a"
    batch = Trajectories.from_arrays(state, ["x"] * (2 * n), reward, length=[8] * (n // 4))
    result = rlcalc.model(batch, rows="markov", gamma=0.9)
    row = next(r for r in result.rows() if (r["question"], r["state"]) == ("reward", "a"))
    groups: dict[tuple[str, str], list[float]] = {}
    for t in range(2 * n):
        if state[t] == "a":
            before = state[t - 1] if t % 8 else "-"
            after = state[t + 1] if t % 8 < 7 else "end"
            groups.setdefault((after, before), []).append(reward[t])
    statistic, dof, used = 0.0, 0, 0
    for after in ("a", "b", "end"):
        several = [np.array(g) for (x, _), g in groups.items() if x == after]
        if len(several) > 1:
            whole = np.concatenate(several)
            between = sum(len(g) * (g.mean() - whole.mean()) ** 2 for g in several)
            f = stats.f_oneway(*several).statistic
            rows, size = len(several) - 1, len(whole)
            share = f * rows / (f * rows + size - rows - 1)

            assert share == pytest.approx(between / ((whole - whole.mean()) ** 2).sum())
            statistic, dof, used = statistic + (size - 1) * share, dof + rows, used + size

    assert (row["dof"], row["n"]) == (dof, used)
    assert row["g2"] == pytest.approx(statistic)
    assert row["p"] == pytest.approx(stats.chi2.sf(statistic, dof))
