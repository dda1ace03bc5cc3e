"""Solvers beside QuantEcon, mdpsolver and Storm, on the same arrays: `pip install '.[peers]'`.

Nothing is asserted about time: machines are shared. What is wanted stands beside the ratios.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.solvers import solve as solution
from rlcalc.solvers.dispatch import dispatch_small_model
from rlcalc.solvers.methods import linear
from rlcalc.solvers.methods.automatic import solve_automatically as automatic
from rlcalc.solvers.problem import Problem, ProvenValues
from rlcalc.solvers.proofs import macqueen
from rlcalc.solvers.request import SolveRequest
from tests.solvers.models import open_map, slippery_lake

GAMMA, TOLERANCE = 0.99, 1e-6


def garnet(n_states: int) -> MDP:
    """4 actions with 5 outcomes each, uniformly at random."""
    rng = np.random.default_rng(0)
    k = 4 * n_states
    probability = rng.random((k, 5)) + 1e-3
    probability /= probability.sum(axis=1, keepdims=True)
    pair = np.repeat(np.arange(k, dtype=np.int32), 5)
    return MDP.from_rows(
        pair // 4,
        pair % 4,
        rng.integers(0, n_states, 5 * k, dtype=np.int32),
        probability.reshape(-1),
        rng.random(k)[pair],
    )


def proven(mdp: MDP) -> ProvenValues:
    """Values and the proof of their bound, as `--method auto` finds them."""
    problem = Problem(mdp.expected, GAMMA, 0.9 * TOLERANCE, 1_000_000)
    solve = dispatch_small_model if mdp.n_states <= linear.DENSE else automatic
    return macqueen.span_bound(mdp.expected, solve(problem)[0].value, GAMMA, TOLERANCE)


def with_loops(mdp: MDP) -> tuple[Ints, sparse.csr_matrix, Floats]:
    """State, P and r of the pairs; the last ones are those of terminal states: to stay, for 0."""
    model = mdp.expected
    end = np.flatnonzero(model.terminal)
    transition = sparse.csr_matrix(
        (
            np.concatenate([model.probability, np.ones(len(end))]),
            np.concatenate([model.next_state, end.astype(np.int32)]),
            np.concatenate([model.outcome_start, model.n_outcomes + 1 + np.arange(len(end))]),
        ),
        shape=(model.n_pairs + len(end), model.n_states),
    )
    state = np.concatenate([model.pair_state, end])
    return state, transition, np.concatenate([model.reward, np.zeros(len(end))])


def quantecon(mdp: MDP) -> Callable[[], object]:
    """Its modified policy iteration over state-action pairs; terminal states loop for nothing."""
    markov = pytest.importorskip("quantecon").markov
    state, transition, reward = with_loops(mdp)
    end = mdp.expected.terminal.sum()
    action = np.concatenate([mdp.action, np.zeros(end, dtype=np.int64)])
    order = np.lexsort((action, state))
    problem = markov.DiscreteDP(
        reward[order], transition[order], GAMMA, state[order], action[order]
    )
    return lambda: problem.solve("modified_policy_iteration", epsilon=2 * TOLERANCE, max_iter=10**6)


def mdpsolver(mdp: MDP) -> Callable[[], float]:
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
        solver.mdp(discount=GAMMA, rewards=rewards, tranMatProbs=chances, tranMatColumns=targets)
        solver.solve(algorithm="mpi", tolerance=TOLERANCE, parallel=False)
        return float(solver.getRuntime()) / 1000

    return solve


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["random, 1,000 states", "random, 10,000", "random, 100,000", "lake, 100 x 100"]
)
def test_solving_beside_mdpsolver(name: str) -> None:
    """By its own clock, which leaves out what Python hands over; wanted are 5 times."""
    make, runs = MODELS[name]
    mdp = make()
    peer = mdpsolver(mdp)
    proven(mdp)  # compiles
    ours, theirs = [], []
    for _ in range(runs):
        begin = time.perf_counter()
        answer = proven(mdp)
        ours.append(time.perf_counter() - begin)
        theirs.append(peer())
    one, other = statistics.median(ours), statistics.median(theirs)
    print(
        f"\n{name}: {one:.4f} s, mdpsolver {other:.4f} s: {other / one:.1f} times (wanted 5); "
        f"bound {answer.bound:.1e}"
    )

    assert answer.bound <= TOLERANCE


MODELS: dict[str, tuple[Callable[[], MDP], int]] = {
    "random, 1,000 states": (lambda: garnet(1_000), 50),
    "random, 10,000": (lambda: garnet(10_000), 5),
    "random, 100,000": (lambda: garnet(100_000), 5),
    "random, 1,000,000": (lambda: garnet(1_000_000), 3),
    "lake, 100 x 100": (lambda: slippery_lake(100), 5),
    "lake, 1,000 x 1,000": (lambda: slippery_lake(1_000), 1),
    "grid, 100 x 100": (lambda: open_map(100), 5),
    "grid, 300 x 300": (lambda: open_map(300), 1),
    "grid, 1,000 x 1,000": (lambda: open_map(1_000), 1),
}
WANTED = {"random": 1.5, "lake": 30.0, "grid": 5.0}  # for large maps


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_solving_beside_quantecon(name: str) -> None:
    make, runs = MODELS[name]
    mdp = make()
    peer = quantecon(mdp)
    quantecon(garnet(100))()
    compare(name, lambda: proven(mdp).bound, peer, runs, WANTED[name.split(",")[0]], "QuantEcon")


def storm(mdp: MDP, asked: str, sound: bool) -> Callable[[], object]:
    """Its sparse engine on a property; terminal states loop for nothing and are labelled `end`.

    `asked` has costs where it says min: rewards are handed over with the other sign.
    """
    stormpy = pytest.importorskip("stormpy")
    data, kinds = stormpy.datastructures, stormpy.models
    state, transition, reward = with_loops(mdp)
    order = np.argsort(state, kind="stable")
    transition = transition[order]
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
    groups = np.searchsorted(state[order], np.arange(mdp.n_states))
    builder.add_next_values(row, transition.indices, transition.data, groups.tolist())
    labels = kinds.StateLabeling(mdp.n_states)
    for name in ("init", "end"):
        labels.add_label(name)
    labels.add_label_to_state("init", 0)
    for s in np.flatnonzero(mdp.expected.terminal).tolist():
        labels.add_label_to_state("end", s)
    sign = -1.0 if "min" in asked else 1.0
    earned = kinds.SparseRewardModel[float](
        optional_state_action_reward_vector=(sign * reward[order]).tolist()
    )
    parts = kinds.SparseModelComponents[float](
        transition_matrix=builder.build(), state_labeling=labels, reward_models={"r": earned}
    )
    built = kinds.SparseMdp[float](parts)
    (question,) = stormpy.parse_properties(asked)
    settings = stormpy.environments.sound() if sound else stormpy.Environment()
    exactness = settings.solver().min_max()
    exactness.precision = stormpy.Rational(TOLERANCE)
    exactness.relative_termination_criterion = False
    return lambda: stormpy.model_checking(built, question, environment=settings)


DISCOUNTED = 'R{"r"}max=? [Cdiscount=0.99]'
IN_ALL = {"lake": 'R{"r"}max=? [C]', "grid": 'R{"r"}min=? [F "end"]'}
STORM_WANTED = {"random": 10.0, "lake": 10.0, "grid": 5.0}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_solving_beside_storm(name: str) -> None:
    """It stops its sweeps at a small change, which proves nothing."""
    mdp = MODELS[name][0]()
    peer = storm(mdp, DISCOUNTED, sound=False)
    compare(name, lambda: proven(mdp).bound, peer, 3, STORM_WANTED[name.split(",")[0]])


def open_lake(n: int) -> MDP:
    """A slippery lake on which nothing leads surely to the goal."""
    return slippery_lake(n, corridor=False)


TOTAL: dict[str, tuple[Callable[[], MDP], int]] = {
    "lake, 100 x 100": (lambda: open_lake(100), 5),
    "lake, 300 x 300": (lambda: open_lake(300), 3),
    "lake, 1,000 x 1,000": (lambda: open_lake(1_000), 1),
    "grid, 100 x 100": (lambda: open_map(100), 5),
    "grid, 300 x 300": (lambda: open_map(300), 3),
    "grid, 1,000 x 1,000": (lambda: open_map(1_000), 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TOTAL)
def test_total_reward_beside_storm(name: str) -> None:
    """Proven here, rounding included; there by optimistic value iteration, but for rounding."""
    make, runs = TOTAL[name]
    mdp = make()
    peer = storm(mdp, IN_ALL[name.split(",")[0]], sound=True)
    compare(f"{name}, gamma = 1", lambda: total(mdp), peer, runs, 1.0)


def total(mdp: MDP) -> float:
    """Solve for the total reward, and return its bound."""
    bound = solution.solve(mdp, SolveRequest(gamma=1.0)).facts["bound"]
    assert isinstance(bound, float)
    return bound


def compare(
    name: str,
    ours: Callable[[], float],
    peer: Callable[[], object],
    runs: int,
    wanted: float,
    who: str = "Storm",
) -> None:
    """Print the ratio of medians, of interleaved runs after one that compiles."""
    bound = ours()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for run, taken in zip((ours, peer), times, strict=True):
            begin = time.perf_counter()
            run()
            taken.append(time.perf_counter() - begin)
    one, other = map(statistics.median, times)
    print(
        f"\n{name}: {one:.4f} s, {who} {other:.4f} s: {other / one:.1f} times "
        f"(wanted {wanted:g}); bound {bound:.1e}"
    )

    assert bound <= TOLERANCE


FLOOR = """
import polars as pl
frame = pl.read_parquet("model.parquet")
answer = frame.gather_every(5).select(
    "state", "action", pi="probability", q="reward", v="reward", a="reward"
)
answer.write_parquet("floor.parquet")
"""


@pytest.mark.slow
def test_a_million_states_from_parquet_to_parquet(tmp_path: Path) -> None:
    mdp = garnet(1_000_000)
    pair = np.repeat(np.arange(mdp.n_pairs), 5)
    pl.DataFrame(
        {
            "state": pair // 4,
            "action": pair % 4,
            "next_state": mdp.next_state,
            "probability": mdp.probability,
            "reward": mdp.reward,
        }
    ).write_parquet(tmp_path / "model.parquet")
    solve = ["solve", "model.parquet", "--gamma", "0.99", "-o", "v.parquet", "-q"]
    commands = {
        "floor": [sys.executable, "-c", FLOOR],
        "rlcalc": [sys.executable, "-m", "rlcalc", *solve],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(3):
        for name, command in commands.items():
            begin = time.perf_counter()
            subprocess.run(command, cwd=tmp_path, check=True)
            times[name].append(time.perf_counter() - begin)
    begin = time.perf_counter()
    proven(mdp)
    solving = time.perf_counter() - begin
    floor, whole = (statistics.median(times[name]) for name in commands)
    print(
        f"\nParquet to Parquet: {whole:.2f} s, of which solving {solving:.2f} s; the rest is "
        f"{(whole - solving) / floor:.2f} times what Polars needs to read and write (wanted 3)"
    )
