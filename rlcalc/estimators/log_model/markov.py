"""Rows of the Markov test: does what follows depend on more than the state and the action?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlcalc.errors import shown
from rlcalc.estimators.log_model import monte_carlo_gap
from rlcalc.estimators.log_model.contexts import contexts_of
from rlcalc.estimators.log_model.log_model import LogModel, Rows
from rlcalc.estimators.log_model.permutations import LEVEL, holm, noncentrality
from rlcalc.estimators.log_model.questions import (
    Answer,
    answer_next_state,
    answer_policy,
    answer_reward,
    answer_time,
)
from rlcalc.estimators.log_model.request import ModelRequest
from rlcalc.estimators.request import Tools
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.result import Column, Fact


def rows_of(model: LogModel, request: ModelRequest, tools: Tools) -> Rows:
    """Return the tests of the states, a row a question and a row a table that can be tested.

    For every (s, a) a table of the state before against s': G² = 2 Σ O ln(O/E). p is that of
    permutations of s' inside (s, a), 999 of them, or of chi-square where no expected count is below
    5; Holm's correction is over the tables of a question. `cramer_v` is √(X²/(n min(R−1, C−1))), of
    rewards η; `cramer_v_seen` is the value that a test would have seen with 90 % power at 5 %.

    Triples of steps are not exchangeable in a chain, so the test is not exact: simulated on Markov
    worlds with loops and few episodes it rejects 3 to 8 % at 5 %.

    Source: Anderson & Goodman (1957), Statistical inference about Markov chains, for the tables;
    Besag & Mondal (2013) for exchangeability.
    """
    rng = np.random.default_rng(request.seed)
    previous, time, with_rewards = contexts_of(model.counted, tools.engine)
    draws = request.permutations
    answers = [
        answer_next_state(previous, draws, rng),
        answer_reward(previous, with_rewards, draws, rng),
        answer_time(time, draws, rng),
        answer_policy(previous, draws, rng),
    ]
    facts: dict[str, Fact] = {}
    for answer in answers:
        p = answer.total_p
        facts[f"p_{answer.question}"] = None if np.isnan(p) else p
    facts |= {"tables": {one.question: len(one.known) for one in answers}}
    gap, notes = monte_carlo_gap.facts_and_notes(model.counted, tools)
    facts |= gap | {"permutations": draws, "seed": request.seed}
    return Rows(
        "Does anything before the state matter?",
        _columns(model, answers),
        facts,
        [*_notes(model, answers), *notes],
    )


def _columns(model: LogModel, answers: Sequence[Answer]) -> dict[str, Column]:
    """Return the rows: the questions first, each as a whole; then the tables of each."""
    experience, order = model.counted.passes.experience, model.counted.summary.order
    parts: list[tuple[str, int | None, int | None, int, float, int, float, float, float, float]]
    parts = []
    for one in answers:
        known = one.known
        if not len(known):
            continue
        dof = int(one.dof[known].sum())
        seen, effect = _effects(
            one.squares[known].sum(keepdims=True), one.size[known].sum(keepdims=True), dof
        )
        parts.append((
            one.question, None, None, int(one.n[known].sum()), float(one.statistic[known].sum()),
            dof, one.total_p, one.total_p, float(effect[0]), float(seen[0]),
        ))  # fmt: skip
    for one in answers:
        corrected = holm(one.p)
        first = order[model.counted.model.number_of(one.state)]
        action = np.zeros_like(one.state) if one.action is None else one.action
        rows = np.lexsort((action, first))
        rows = rows[np.isfinite(one.p[rows])]
        seen, effect = _effects(one.squares[rows], one.size[rows], one.dof[rows])
        for place, row in enumerate(rows.tolist()):
            parts.append((
                one.question, int(one.state[row]), None if one.action is None else int(action[row]),
                int(one.n[row]), float(one.statistic[row]), int(one.dof[row]), float(one.p[row]),
                float(corrected[row]), float(effect[place]), float(seen[place]),
            ))  # fmt: skip
    names = ("question", "state", "action", "n", "g2", "dof", "p", "p_holm", "cramer_v",
             "cramer_v_seen")  # fmt: skip
    values = (
        dict(zip(names, map(list, zip(*parts, strict=True)), strict=True))
        if parts
        else {name: [] for name in names}
    )
    states, actions = experience.states.names(), experience.actions.names()
    return {
        "question": Column(values["question"], "text"),
        "state": Column([None if s is None else states[s] for s in values["state"]], "key"),
        "action": Column([None if a is None else actions[a] for a in values["action"]], "key"),
        "n": Column(values["n"], "count"),
        "g2": Column(np.array(values["g2"]), symbol="G²"),
        "dof": Column(values["dof"], "count"),
        "p": Column(np.array(values["p"])),
        "p_holm": Column(np.array(values["p_holm"]), symbol="p Holm"),
        "cramer_v": Column(np.array(values["cramer_v"]), symbol="Cramér V"),
        "cramer_v_seen": Column(np.array(values["cramer_v_seen"]), symbol="V seen"),
    }


def _effects(squares: Floats, size: Floats, dof: Ints | int) -> tuple[Floats, Floats]:
    """Return the effect that 90 % power sees, not a number above 1, and the one that is there."""
    seen = np.sqrt(noncentrality(dof) / size)
    return np.where(seen <= 1, seen, np.nan), np.sqrt(np.maximum(squares, 0.0) / size)


def _notes(model: LogModel, answers: Sequence[Answer]) -> list[str]:
    notes = []
    for one in answers:
        known = one.known
        if len(known) and one.total_p <= LEVEL:
            worst = int(known[np.lexsort((-one.statistic[known], one.p[known]))[0]])
            where = _name(model, one, worst)
            notes.append(f"{MEANINGS[one.question]} (p {one.total_p:.2g}), most in {where}")
    tables = len(answers[0].known)
    if not tables:
        return [*notes, "no pair can tell whether its next state depends on the state before"]
    if answers[0].total_p > LEVEL:
        seen, _ = _effects(
            answers[0].squares.sum(keepdims=True),
            answers[0].size.sum(keepdims=True),
            int(answers[0].dof.sum()),
        )
        could = f"a dependence of Cramér's V {seen[0]:.2g} or more" if seen[0] <= 1 else "none"
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


def _name(model: LogModel, one: Answer, row: int) -> str:
    experience = model.counted.passes.experience
    state = shown(experience.states.texts[int(one.state[row])])
    if one.action is None:
        return state
    return f"({state}, {shown(experience.actions.texts[int(one.action[row])])})"
