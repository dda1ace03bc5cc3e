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

from rlcalc.mdp import MDP
from rlcalc.solvers import solve as solution
from rlcalc.solvers.dispatch import dispatch_small_model
from rlcalc.solvers.methods import linear
from rlcalc.solvers.methods.automatic import solve_automatically as automatic
from rlcalc.solvers.problem import Problem, ProvenValues
from rlcalc.solvers.proofs import macqueen
from rlcalc.solvers.request import SolveRequest
from tests.benchmarks.models import garnet
from tests.benchmarks.peers import TOLERANCE, mdpsolver, quantecon, storm
from tests.solvers.models import open_map, slippery_lake

GAMMA = 0.99


def proven(mdp: MDP) -> ProvenValues:
    """Values and the proof of their bound, as `--method auto` finds them."""
    problem = Problem(mdp.expected, GAMMA, 0.9 * TOLERANCE, 1_000_000)
    solve = dispatch_small_model if mdp.n_states <= linear.DENSE else automatic
    return macqueen.span_bound(mdp.expected, solve(problem)[0].value, GAMMA, TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["random, 1,000 states", "random, 10,000", "random, 100,000", "lake, 100 x 100"]
)
def test_solving_beside_mdpsolver(name: str) -> None:
    """By its own clock, which leaves out what Python hands over; wanted are 5 times."""
    make, runs = MODELS[name]
    mdp = make()
    peer = mdpsolver(mdp, GAMMA)
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
    peer = quantecon(mdp, GAMMA)
    quantecon(garnet(100), GAMMA)()
    compare(name, lambda: proven(mdp).bound, peer, runs, WANTED[name.split(",")[0]], "QuantEcon")


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
