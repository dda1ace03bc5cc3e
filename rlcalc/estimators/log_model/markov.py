"""Rows of the Markov test: does what follows depend on more than the state and the action?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlcalc.charts import Chart
from rlcalc.errors import shown
from rlcalc.estimators.log_model import monte_carlo_gap
from rlcalc.estimators.log_model.contexts import contexts_of
from rlcalc.estimators.log_model.log_model import LogModel, Rows
from rlcalc.estimators.log_model.permutations import LEVEL, TestSums, holm, noncentrality
from rlcalc.estimators.log_model.questions import (
    Answer,
    answer_next_state,
    answer_policy,
    answer_reward,
    answer_time,
)
from rlcalc.estimators.log_model.request import ModelRequest
from rlcalc.estimators.request import Tools
from rlcalc.labels import Label
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.result import Column, Fact


def rows_of(model: LogModel, request: ModelRequest, tools: Tools) -> Rows:
    """Return the tests of the states, a row a question and a row a table that can be tested.

    For every (s, a) a table of the state before against s': G² = 2 Σ O ln(O/E), p by permutations
    of s' inside (s, a); where hardly an expected count is below 5, that of X² by chi-square, which
    is then the same. Holm's correction is over the tables of a question. `cramer_v` is
    √(X²/(n min(R−1, C−1))), of rewards η; `cramer_v_seen` the value that a test sees with 90 %
    power at 5 %.

    Triples of steps are not exchangeable in a chain, so the test is not exact: simulated on Markov
    worlds with loops and few episodes it rejects 3 to 8 % at 5 %.

    Source: Anderson & Goodman (1957), Statistical inference about Markov chains, for the tables;
    Besag & Mondal (2013) for exchangeability.
    """
    rng = np.random.default_rng(request.seed)
    previous, time, with_rewards = contexts_of(model, tools.engine)
    draws = request.permutations
    answers = [
        answer_next_state(previous, draws, rng),
        answer_reward(previous, with_rewards, draws, rng),
        answer_time(time, draws, rng),
        answer_policy(previous, draws, rng),
    ]
    facts: dict[str, Fact] = {}
    for answer in answers:
        p = answer.tests.total_p
        facts[f"p_{answer.question}"] = None if np.isnan(p) else p
    facts |= {"tables": {one.question: len(one.known) for one in answers}}
    gap, notes = monte_carlo_gap.facts_and_notes(model.counted, tools)
    facts |= gap | {"permutations": draws, "seed": request.seed}

    def charts() -> Sequence[Chart]:
        from rlcalc.estimators.log_model.charts import markov_chart

        one, experience = answers[0], model.counted.passes.experience
        if not len(one.known):
            return []
        row = _worst(one)
        assert one.action is not None
        pair, p = (int(one.state[row]), int(one.action[row])), float(one.tests.p[row])
        return [markov_chart(previous, *pair, experience.states, experience.actions, p)]

    return Rows(
        "Does anything before the state matter?",
        _columns(model, answers),
        facts,
        [*_notes(model, answers), *notes],
        charts,
    )


def _columns(model: LogModel, answers: Sequence[Answer]) -> dict[str, Column]:
    """Return the rows: the questions first, each as a whole; then the tables of each."""
    experience = model.counted.passes.experience
    states, actions = experience.states.names(), experience.actions.names()
    names: list[tuple[Label | None, ...]] = []
    tests = []
    for one in answers:
        if len(one.known):
            names.append((one.question, None, None))
            tests.append(_whole(one.tests))
    for one in answers:
        rows = _rows(model, one)
        tests.append({name: values[rows] for name, values in _numbers(one.tests).items()})
        for row in rows.tolist():
            action = None if one.action is None else actions[one.action[row]]
            names.append((one.question, states[one.state[row]], action))
    question, state, action_names = zip(*names, strict=True) if names else ((), (), ())
    numbers = {name: np.concatenate([test[name] for test in tests]) for name in SYMBOLS}
    return {
        "question": Column(list(question), "text"),
        "state": Column(list(state), "key"),
        "action": Column(list(action_names), "key"),
        **{
            name: Column(values, "count" if name in ("n", "dof") else "value", SYMBOLS[name])
            for name, values in numbers.items()
        },
    }


SYMBOLS = {
    "n": "", "g2": "G²", "dof": "", "p": "", "p_holm": "p Holm", "cramer_v": "Cramér V",
    "cramer_v_seen": "V seen",
}  # fmt: skip
"""The numbers of a test, and their symbols."""


def _rows(model: LogModel, one: Answer) -> Ints:
    """Return the tests that there are, in order of the first appearance of their states."""
    first = model.counted.summary.order[model.counted.model.number_of(one.state)]
    rows = np.lexsort((one.state if one.action is None else one.action, first))
    return rows[one.tests.dof[rows] > 0]


def _numbers(tests: TestSums) -> dict[str, Floats | Ints]:
    seen, effect = effects(tests.squares, tests.size, tests.dof)
    return {
        "n": tests.n,
        "g2": tests.g2,
        "dof": tests.dof,
        "p": tests.p,
        "p_holm": holm(tests.p),
        "cramer_v": effect,
        "cramer_v_seen": seen,
    }


def _whole(tests: TestSums) -> dict[str, Floats | Ints]:
    """Return the numbers of all tests of a question together."""
    total = {
        name: np.nansum(getattr(tests, name), keepdims=True)
        for name in ("n", "g2", "dof", "squares", "size")
    }
    return _numbers(TestSums(**total, p=np.array([tests.total_p]), total_p=tests.total_p))


def effects(squares: Floats, size: Floats, dof: Ints) -> tuple[Floats, Floats]:
    """Return the effects that 90 % power sees, not numbers above 1, and those that are there."""
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = np.sqrt(noncentrality(np.maximum(dof, 1)) / size)
        there = np.sqrt(np.maximum(squares, 0.0) / size)
    return np.where(seen <= 1, seen, np.nan), there


def _notes(model: LogModel, answers: Sequence[Answer]) -> list[str]:
    notes = []
    for one in answers:
        if len(one.known) and one.tests.total_p <= LEVEL:
            where = _name(model, one, _worst(one))
            notes.append(f"{MEANINGS[one.question]} (p {one.tests.total_p:.2g}), most in {where}")
    next_state = answers[0].tests
    if not len(answers[0].known):
        return [*notes, "no pair can tell whether its next state depends on the state before"]
    if next_state.total_p > LEVEL:
        seen = float(_whole(next_state)["cramer_v_seen"][0])
        could = f"a dependence of Cramér's V {seen:.2g} or more" if seen <= 1 else "no dependence"
        notes.append(
            f"that the states are Markov is not rejected; {could} would have been seen with 90 %"
        )
    return notes


MEANINGS = {
    "next_state": "the state seems not to be Markov: what follows depends on the state before",
    "reward": "the reward depends on the state before",
    "time": "what follows depends on the time in the trajectory",
    "policy": "the action depends on the state before: a memory of the policy, or what the state "
    "leaves out",
}


def _worst(one: Answer) -> int:
    """Return the test with the smallest p, of several that with the largest statistic."""
    known = one.known
    return int(known[np.lexsort((-one.tests.g2[known], one.tests.p[known]))[0]])


def _name(model: LogModel, one: Answer, row: int) -> str:
    experience = model.counted.passes.experience
    state = shown(experience.states.texts[int(one.state[row])])
    if one.action is None:
        return state
    return f"({state}, {shown(experience.actions.texts[int(one.action[row])])})"
