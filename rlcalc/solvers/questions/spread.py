"""Spread: mean, variance and standard deviation of a policy's gain from each state."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np

from rlcalc.errors import shown
from rlcalc.numerics.arrays import Ints
from rlcalc.result import Column, Fact, Result
from rlcalc.solvers import report
from rlcalc.solvers.questions import chains, moments
from rlcalc.solvers.questions.moments import Moments
from rlcalc.solvers.setup import SolveSetup


def answer(setup: SolveSetup) -> Result:
    """Return the mean, the variance and the standard deviation of the gain, a row a state.

    With a horizon there is a row for each number of steps to go, the most first. The reward of each
    outcome counts, not its mean.

    Raises:
        InputError: with gamma 1, a policy that goes on for ever has no finite return.
    """
    mdp, request = setup.mdp, setup.request
    rows: Ints = np.arange(mdp.n_states, dtype=np.int64)
    if request.states is not None:
        rows = np.unique(np.array(list(request.states), dtype=np.int64))
    horizon = request.horizon
    if horizon is None:
        policy, solution = chains.chosen_policy(setup)
        layers: Iterable[Moments] = [moments.without_end(setup, policy, solution)]
        name, iterations = policy.name, solution.iterations
    else:
        report.refuse_long_horizon(mdp, request)
        layers = moments.by_steps_to_go(setup, horizon)
        name, iterations = "optimal" if setup.policy is None else setup.policy.name, horizon
    several = list(deque(layers, maxlen=1 if request.last_only else None))[::-1]
    last = several[0]
    columns = {
        "state": Column(np.tile(mdp.states.named(rows), len(several)), "key"),
        "mean": Column(np.concatenate([one.mean[rows] for one in several]), symbol="E G"),
        "variance": Column(np.concatenate([one.variance[rows] for one in several]), symbol="Var G"),
    }
    columns["sd"] = Column(np.sqrt(columns["variance"].values), symbol="sd G")
    if horizon is not None:
        steps = np.arange(horizon, horizon - len(several), -1)
        columns = {"steps_to_go": Column(np.repeat(steps, len(rows)), "key"), **columns}
    start, start_bound = moments.start_facts(mdp.start, last)
    facts: dict[str, Fact] = {
        "question": "return",
        **start,
        "bound": max(one.mean_bound for one in several),
        "variance_bound": max(one.variance_bound for one in several),
        "sd_bound": max(one.sd_bound for one in several),
        **start_bound,
        "gamma": setup.gamma,
        **({} if horizon is None else {"horizon": horizon}),
        "policy": name,
        "iterations": iterations,
        "states": mdp.n_states,
    }
    title = f"Spread of the gain of the policy {name}"
    title += f": {shown(mdp.name)}" if mdp.name else ""
    return Result("solve", title, columns, facts, list(mdp.notes))
