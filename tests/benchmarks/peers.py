"""The same question to other programs: QuantEcon, mdpsolver and Storm, on the same arrays.

`pip install '.[peers]'` brings them; what needs one that is not there is skipped.
"""

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from rlcalc.mdp import MDP
from tests.benchmarks.models import with_loops

TOLERANCE = 1e-6


def quantecon(mdp: MDP, gamma: float) -> Callable[[], Any]:
    """Its modified policy iteration over state-action pairs; terminal states loop for nothing."""
    markov = pytest.importorskip("quantecon").markov
    state, start, after, chance, reward = with_loops(mdp)
    transition = sparse.csr_matrix((chance, after, start), shape=(len(state), mdp.n_states))
    first = np.searchsorted(state, np.arange(mdp.n_states))
    action = np.arange(len(state)) - first[state]
    problem = markov.DiscreteDP(reward, transition, gamma, state, action)
    return lambda: problem.solve("modified_policy_iteration", epsilon=2 * TOLERANCE, max_iter=10**6)


def quantecon_horizon(mdp: MDP, gamma: float, horizon: int) -> Callable[[], Any]:
    """Its backward induction, in V alone."""
    markov = pytest.importorskip("quantecon").markov
    state, start, after, chance, reward = with_loops(mdp)
    transition = sparse.csr_matrix((chance, after, start), shape=(len(state), mdp.n_states))
    first = np.searchsorted(state, np.arange(mdp.n_states))
    problem = markov.DiscreteDP(
        reward, transition, gamma, state, np.arange(len(state)) - first[state]
    )
    return lambda: markov.backward_induction(problem, horizon)


def mdpsolver(mdp: MDP, gamma: float) -> Callable[[], float]:
    """Its modified policy iteration, in C++; terminal states loop for nothing.

    On one thread: on a busy machine two wait for each other.
    """
    package = pytest.importorskip("mdpsolver")
    model = mdp.expected
    rewards: list[list[float]] = []
    chances: list[list[list[float]]] = []
    targets: list[list[list[int]]] = []
    for s in range(model.n_states):
        pairs = range(model.pair_start[s], model.pair_start[s + 1])
        several = [slice(model.outcome_start[k], model.outcome_start[k + 1]) for k in pairs]
        rewards.append([float(model.reward[k]) for k in pairs] or [0.0])
        chances.append([model.probability[part].tolist() for part in several] or [[1.0]])
        targets.append([model.next_state[part].tolist() for part in several] or [[s]])

    def solve() -> float:
        solver = package.model()  # anew: it begins with the values that it has
        solver.mdp(discount=gamma, rewards=rewards, tranMatProbs=chances, tranMatColumns=targets)
        solver.solve(algorithm="mpi", tolerance=TOLERANCE, parallel=False)
        return float(solver.getRuntime()) / 1000

    return solve


def storm(mdp: MDP, asked: str, sound: bool) -> Callable[[], Any]:
    """Its sparse engine on a property; terminal states loop for nothing and are labelled `end`.

    `asked` has costs where it says min: rewards are handed over with the other sign.
    """
    stormpy = pytest.importorskip("stormpy")
    data, kinds = stormpy.datastructures, stormpy.models
    state, start, after, chance, reward = with_loops(mdp)
    transition = sparse.csr_matrix((chance, after, start), shape=(len(state), mdp.n_states))
    transition.sum_duplicates()
    row = np.repeat(np.arange(transition.shape[0]), np.diff(transition.indptr))
    builder = data.SparseMatrixBuilder[float](
        rows=transition.shape[0],
        columns=mdp.n_states,
        entries=transition.nnz,
        force_dimensions=False,
        has_custom_row_grouping=True,
        row_groups=mdp.n_states,
    )
    groups = np.searchsorted(state, np.arange(mdp.n_states))
    builder.add_next_values(row, transition.indices, transition.data, groups.tolist())
    labels = kinds.StateLabeling(mdp.n_states)
    for name in ("init", "end"):
        labels.add_label(name)
    labels.add_label_to_state("init", 0)
    for s in np.flatnonzero(mdp.expected.terminal).tolist():
        labels.add_label_to_state("end", s)
    sign = -1.0 if "min" in asked else 1.0
    earned = kinds.SparseRewardModel[float](
        optional_state_action_reward_vector=(sign * reward).tolist()
    )
    parts = kinds.SparseModelComponents[float](
        transition_matrix=builder.build(), state_labeling=labels, reward_models={"r": earned}
    )
    return ask_storm(kinds.SparseMdp[float](parts), asked, sound=sound)


def ask_storm(built: Any, asked: str, sound: bool) -> Callable[[], Any]:
    """Its answer to a property of a model that it holds, to a millionth."""
    stormpy = pytest.importorskip("stormpy")
    (question,) = stormpy.parse_properties(asked)
    settings = stormpy.environments.sound() if sound else stormpy.Environment()
    exactness = settings.solver().min_max()
    exactness.precision = stormpy.Rational(TOLERANCE)
    exactness.relative_termination_criterion = False
    return lambda: stormpy.model_checking(built, question, environment=settings)


def build_with_storm(program: Path, constants: str, folder: Path) -> tuple[Any, Path]:
    """A program in PRISM's language as Storm builds it, and the DRN file that it writes of it."""
    stormpy = pytest.importorskip("stormpy")
    from stormpy.core._io import export_to_drn

    parsed = stormpy.parse_prism_program(str(program))
    parsed, _ = stormpy.instantiate_constants(parsed, constants)
    options = stormpy.BuilderOptions(build_full=True)
    options.set_build_all_labels(True)
    options.set_build_choice_labels(True)
    built = stormpy.build_model(parsed, options=options)
    path = folder / f"{program.stem}.drn"
    export_to_drn(built, str(path))
    return built, path


def cpu_seconds(run: Callable[[], Any]) -> float:
    """CPU seconds of one run, of all threads."""
    begin = time.process_time()
    run()
    return time.process_time() - begin


def medians(contenders: dict[str, Callable[[], Any]], runs: int) -> dict[str, float]:
    """Medians of the CPU seconds of interleaved runs, after one of each that compiles.

    One that takes more than 20 seconds the first time has had its runs.
    """
    taken: dict[str, list[float]] = {}
    for name, run in contenders.items():
        first = cpu_seconds(run)
        taken[name] = [first] if first > 20 else []
    for _ in range(runs):
        for name, run in contenders.items():
            if not taken[name] or taken[name][0] <= 20:
                taken[name].append(cpu_seconds(run))
    return {name: statistics.median(times) for name, times in taken.items()}


def cpu_in_child(run: Callable[[], Any], limit: float) -> float | None:
    """CPU seconds of a run in a copy of this process; None: it needs more than `limit`, or fails.

    Compiled loops of the parent are there already.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            run()  # compiles
            os.write(write, repr(cpu_seconds(run)).encode())
        finally:
            os._exit(0)
    os.close(write)
    begin = time.monotonic()
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() - begin > 3 * limit + 8:
            os.kill(child, 9)
            os.waitpid(child, 0)
            break
        time.sleep(0.02)
    with os.fdopen(read) as answer:
        text = answer.read()
    return float(text) if text else None
