"""What `solve` costs beside its method: the report, the start, the memory, the whole process.

Nothing is asserted about time; what is wanted stands beside the ratios.
"""

import json
import resource
import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from rlcalc.mdp import MDP
from rlcalc.solvers import report
from rlcalc.solvers.dispatch import find_solution
from rlcalc.solvers.request import SolveRequest
from rlcalc.solvers.setup import SolveSetup
from tests.benchmarks.models import TABLE, walled_grid
from tests.benchmarks.peers import cpu_seconds
from tests.benchmarks.test_whole_process import RLCALC

LARGE = (
    "inventory, 3,000 x 20 x 100",
    "30,000 chained components",
    "tree, 524,287 states",
    "random, 1,000,000",
    "lake, 1,000 x 1,000",
    "grid, 1,000 x 1,000",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_the_report_beside_the_solve(name: str) -> None:
    """Residuals, facts, the best policy and the rows, in CPU seconds of interleaved runs."""
    case = TABLE[name]
    mdp = case.make()
    setup = SolveSetup(mdp, SolveRequest(gamma=case.gamma), case.gamma)
    solution = find_solution(setup)
    solving, reporting = [], []
    for _ in range(4):
        solving.append(cpu_seconds(partial(find_solution, setup)))
        vars(mdp).pop("_certain", None)  # it is computed once a model
        policy = setup.greedy_policy(solution)
        reporting.append(cpu_seconds(partial(report.by_pair, setup, solution, policy)))
    one, other = statistics.median(solving), statistics.median(reporting[1:])
    print(f"\n{name}: solve {one:.3f} s, report {other:.3f} s: {other / one:.2f} (wanted 0.2)")


IN_A_PROCESS = """
import json, sys, time
from pathlib import Path
from rlcalc.solvers.request import SolveRequest
from rlcalc.solvers.solve import solve
from tests.benchmarks.models import TABLE
name, options = sys.argv[1], json.loads(sys.argv[2])
mdp = TABLE[name].make()
mdp.expected
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
before = peak()
times = []
for _ in range(3):
    begin = time.process_time()
    solve(mdp, SolveRequest(**{"gamma": TABLE[name].gamma, **options}))
    times.append(time.process_time() - begin)
print(json.dumps({"first": times[0], "second": times[1], "before": before, "peak": peak()}))
"""


def in_a_process(name: str, **options: object) -> dict[str, float]:
    """CPU seconds of the first and of the second solve of a process, and its memory in MB."""
    command = [sys.executable, "-c", IN_A_PROCESS, name, json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


@pytest.mark.slow
@pytest.mark.parametrize("name", [*list(TABLE)[:3], "random, 100,000", "tree, 524,287 states"])
def test_the_first_solve_beside_the_second(name: str) -> None:
    """The first loads the compiler and the compiled loops, which an earlier process has kept."""
    in_a_process(name)
    first, second = (in_a_process(name)[which] for which in ("first", "second"))
    print(f"\n{name}: first {first:.3f} s, second {second:.3f} s")


@pytest.mark.slow
def test_the_memory_of_a_horizon() -> None:
    name = "random, 100,000"
    for label, options in {
        "--horizon 20": {"horizon": 20},
        "--steps-to-go 20": {"horizon": 20, "last_only": True},
        "--gamma 0.99": {},
    }.items():
        cost = in_a_process(name, **options)
        print(
            f"\n{name} {label}: {cost['second']:.3f} s, {cost['peak']:.0f} MB, of which "
            f"{cost['before']:.0f} are there before"
        )


def write_csv(mdp: MDP, path: Path) -> None:
    """A model as a table of its outcomes."""
    frame = pl.DataFrame({"pair": range(mdp.n_pairs)}).with_columns(
        state=mdp.expected.pair_state, action=mdp.action
    )
    pair = mdp.outcome_start[1:] - mdp.outcome_start[:-1]
    frame.select(pl.col("state", "action").repeat_by(pl.Series(pair)).explode()).with_columns(
        next_state=mdp.next_state, probability=mdp.probability, reward=mdp.reward
    ).write_csv(path)


def cpu_seconds_of(command: list[str], folder: Path) -> float:
    """CPU seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.slow
@pytest.mark.parametrize("gamma", ["0.9", "0.99", "1"])
def test_a_grid_beside_a_small_spec(gamma: str, tmp_path: Path) -> None:
    """Whole processes, in CPU seconds: a 20 x 20 grid world from CSV, and a spec of 16 states."""
    write_csv(walled_grid(20), tmp_path / "grid.csv")
    commands = {
        name: [*RLCALC, "solve", source, "--gamma", gamma]
        for name, source in {"grid": "grid.csv", "spec": "gridworld-4x4"}.items()
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(7):
        for name, command in commands.items():
            times[name].append(cpu_seconds_of(command, tmp_path))
    grid, spec = (statistics.median(several[1:]) for several in times.values())
    print(
        f"\n20 x 20 grid, gamma {gamma}: {grid:.2f} s, spec {spec:.2f} s: {grid / spec:.2f} times "
        "(wanted 1.3)"
    )
