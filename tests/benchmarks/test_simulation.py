"""Sampling and writing, beside what others do: ratios of interleaved runs; nothing is asserted.

1,000 states, 4 actions, 5 outcomes each, horizon 100, the uniform policy, gamma 0.99. A peer that
is slow plays fewer steps; what is compared is the time of a step.
"""

import io
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from rlcalc import MDP, Policy
from rlcalc.engines.threads import run
from rlcalc.renderers.trajectories import steps_frame, trajectory_label_type, write
from rlcalc.simulation.markov_chain import MarkovChain
from rlcalc.simulation.sampler import Simulation
from tests.benchmarks.test_whole_process import RLCALC, compare, peak, python
from tests.solvers.models import random_model

STATES, ACTIONS, BRANCHING, HORIZON, GAMMA = 1000, 4, 5, 100, 0.99
ROUNDS = 3


@pytest.fixture(scope="module")
def mdp() -> MDP:
    return random_model(np.random.default_rng(0), STATES, ACTIONS, BRANCHING)


def simulation(mdp: MDP, steps: int) -> Simulation:
    start = np.full(STATES, 1 / STATES)
    chain = MarkovChain.of(mdp, Policy.uniform(mdp.expected), start)
    return Simulation(chain, steps // HORIZON, 1, HORIZON)


def ours(mdp: MDP, steps: int, jobs: int | None = None) -> float:
    """Nanoseconds a step, to statistics."""
    one = simulation(mdp, steps)
    begin = time.perf_counter()
    mean = np.mean([part.gain.mean() for part in one.outcomes(GAMMA, partial(run, jobs=jobs))])
    assert np.isfinite(mean)
    return (time.perf_counter() - begin) / steps * 1e9


def beside(name: str, mine: Callable[[], float], other: Callable[[], float], wanted: str) -> None:
    """Print how many times longer a step of the other takes."""
    mine(), other()
    pairs = [(mine(), other()) for _ in range(ROUNDS)]
    ratios = [theirs / own for own, theirs in pairs]
    own, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"\n{name}: {own:.2f} ns a step against {theirs:.2f}, "
        f"{statistics.median(ratios):.1f} times ({min(ratios):.1f} to {max(ratios):.1f}); "
        f"wanted {wanted}"
    )


def table(mdp: MDP) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cumulative probabilities, next states and rewards, [S, A, B]."""
    shape = (STATES, ACTIONS, BRANCHING)
    chance = np.cumsum(mdp.probability.reshape(shape), axis=2)
    return chance, mdp.next_state.reshape(shape), mdp.reward.reshape(shape)


def gymnasium_loop(mdp: MDP, steps: int) -> float:
    """The loop of its documents over an environment of its own toy_text kind."""
    import gymnasium
    from gymnasium.envs.toy_text.utils import categorical_sample

    chance, following, reward = table(mdp)
    outcomes = {
        (s, a): [
            (p, int(following[s, a, b]), float(reward[s, a, b]))
            for b, p in enumerate(np.diff(chance[s, a], prepend=0).tolist())
        ]
        for s in range(STATES)
        for a in range(ACTIONS)
    }

    class World(gymnasium.Env[int, int]):
        observation_space = gymnasium.spaces.Discrete(STATES)
        action_space = gymnasium.spaces.Discrete(ACTIONS)
        state = 0

        def reset(self, **options: Any) -> tuple[int, dict[str, Any]]:
            super().reset(**options)
            self.state = int(self.np_random.integers(STATES))
            return self.state, {}

        def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
            several = outcomes[self.state, action]
            p, self.state, r = several[categorical_sample([o[0] for o in several], self.np_random)]
            return self.state, r, False, False, {"prob": p}

    env = World()
    begin = time.perf_counter()
    gains = []
    for _ in range(steps // HORIZON):
        env.reset()
        gain, discount = 0.0, 1.0
        for _ in range(HORIZON):
            _, r, _, _, _ = env.step(int(env.action_space.sample()))
            gain += discount * r
            discount *= GAMMA
        gains.append(gain)
    return (time.perf_counter() - begin) / steps * 1e9


def numpy_copies(mdp: MDP, steps: int) -> float:
    """10,000 copies side by side, each outcome found by a search in cumulative probabilities."""
    copies = 10_000
    chance, following, reward = table(mdp)
    rng = np.random.default_rng(0)
    begin = time.perf_counter()
    for _ in range(max(1, steps // (copies * HORIZON))):
        state = rng.integers(0, STATES, copies)
        gain, discount = np.zeros(copies), 1.0
        for _ in range(HORIZON):
            action = rng.integers(0, ACTIONS, copies)
            place = (rng.random((copies, 1)) > chance[state, action][:, :-1]).sum(axis=1)
            gain += discount * reward[state, action, place]
            discount *= GAMMA
            state = following[state, action, place]
    return (time.perf_counter() - begin) / steps * 1e9


def jax_copies(mdp: MDP, steps: int) -> float:
    """10,000 copies scanned: jit, vmap and jax.random.categorical, as its users write it."""
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    copies = 10_000
    chance, following, reward = table(mdp)
    log = jnp.log(jnp.asarray(np.diff(chance, axis=2, prepend=0), dtype=jnp.float32))
    following, reward = jnp.asarray(following), jnp.asarray(reward, dtype=jnp.float32)

    def one(key: Any) -> Any:
        first, rest = jax.random.split(key)

        def step(carry: Any, key: Any) -> Any:
            state, gain, discount = carry
            one, two = jax.random.split(key)
            action = jax.random.randint(one, (), 0, ACTIONS)
            place = jax.random.categorical(two, log[state, action])
            gain += discount * reward[state, action, place]
            return (following[state, action, place], gain, discount * GAMMA), None

        begin = (jax.random.randint(first, (), 0, STATES), 0.0, 1.0)
        return jax.lax.scan(step, begin, jax.random.split(rest, HORIZON))[0][1]

    play = jax.jit(jax.vmap(one))
    keys = jax.random.split(jax.random.key(0), copies)
    play(keys).block_until_ready()
    begin = time.perf_counter()
    for _ in range(max(1, steps // (copies * HORIZON))):
        play(keys).block_until_ready()
    return (time.perf_counter() - begin) / steps * 1e9


def bare_lanes(mdp: MDP, steps: int) -> float:
    """The floor: 64 lanes of one length that never end, two threads, and the sums of gains."""
    one = simulation(mdp, steps)
    chain = one.chain
    loop = bare()
    block = 1 << 12

    def work(span: tuple[int, int]) -> float:
        key, state = one._first_states(span)
        gain = np.zeros(len(key))
        loop(
            chain.table.row,
            chain.table.slot,
            chain.next_state,
            chain.reward,
            key,
            state,
            GAMMA,
            gain,
        )
        return float(gain.sum())

    spans = [(first, min(first + block, one.n)) for first in range(0, one.n, block)]
    work(spans[0])
    begin = time.perf_counter()
    assert np.isfinite(sum(run(work, spans)))
    return (time.perf_counter() - begin) / steps * 1e9


def bare() -> Any:
    import numba

    @numba.njit(nogil=True)
    def loop(row, slot, ahead, reward, key, begin, gamma, gain):  # type: ignore[no-untyped-def]
        low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
        lanes = 64
        entry = np.zeros(lanes, np.uint32)
        for first in range(0, len(key) - lanes + 1, lanes):
            place, state = key[first : first + lanes].copy(), begin[first : first + lanes].copy()
            earned = np.zeros(lanes)
            discount = 1.0
            for _ in range(HORIZON):
                for i in range(lanes):
                    place[i] += np.uint64(0x9E3779B97F4A7C15)
                    z = place[i]
                    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                    z = z ^ (z >> np.uint64(31))
                    where = row[np.uint32(state[i])]
                    at = (((z >> half) * (where & low)) >> half) + (where >> half)
                    found = slot[at]
                    entry[i] = np.uint32(at if (z & low) < (found >> half) else found & low)
                for i in range(lanes):
                    earned[i] += discount * reward[entry[i]]
                for i in range(lanes):
                    state[i] = ahead[entry[i]]
                discount *= gamma
            gain[first : first + lanes] = earned

    return loop


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "peer", "steps", "wanted"),
    [
        ("a Gymnasium-style loop", gymnasium_loop, 100_000, "at least 500"),
        ("NumPy, cumulative search, 10,000 copies", numpy_copies, 5_000_000, "at least 10"),
        ("JAX scanning 10,000 copies", jax_copies, 5_000_000, "at least 3"),
        ("bare lanes with their sums", bare_lanes, 100_000_000, "at least 0.5"),
    ],
)
def test_sampling_to_statistics(
    mdp: MDP, name: str, peer: Callable[[MDP, int], float], steps: int, wanted: str
) -> None:
    beside(name, lambda: ours(mdp, 100_000_000), lambda: peer(mdp, steps), wanted)


@pytest.mark.slow
@pytest.mark.parametrize("steps", [1_000_000, 20_000_000])
def test_sampling_in_numpy(mdp: MDP, steps: int) -> None:
    """What is not large does not pay for a compiler: one thread, beside the search."""
    beside(
        f"{steps:,} steps in NumPy, one thread",
        lambda: ours(mdp, steps, jobs=1),
        lambda: numpy_copies(mdp, 1_000_000),
        "more than 1",
    )


@pytest.mark.slow
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_writing(mdp: MDP, form: str) -> None:
    """2 million steps that are in memory, as trajectories and as a frame of Polars."""
    steps = 2_000_000
    batches = list(simulation(mdp, steps).trajectories())
    types = trajectory_label_type(batches[0].states), trajectory_label_type(batches[0].actions)
    frames, before = [], 0
    for batch in batches:
        frames.append(steps_frame(batch, before, *types))
        before += len(batch)
    whole = pl.concat(frames)
    lists = whole.group_by("trajectory", maintain_order=True).agg(
        pl.col("state").alias("states"),
        pl.col("action").alias("actions"),
        pl.col("reward").alias("rewards"),
        pl.col("terminated", "truncated").last(),
    )

    def seconds(work: Callable[[], object]) -> float:
        begin = time.perf_counter()
        work()
        return (time.perf_counter() - begin) / steps * 1e9

    def polars() -> object:
        if form == "csv":
            return whole.write_csv(io.BytesIO())
        return lists.drop("trajectory").write_ndjson(io.BytesIO())

    beside(
        f"writing {form}",
        lambda: seconds(lambda: write(batches, form, io.BytesIO())),
        lambda: seconds(polars),
        "at least 0.5",
    )


WORLD = f"""
import numpy as np, polars as pl
rng = np.random.default_rng(0)
k, b = {STATES * ACTIONS}, {BRANCHING}
pair = np.repeat(np.arange(k), b)
pl.DataFrame({{
    "state": pair // {ACTIONS}, "action": pair % {ACTIONS},
    "next_state": rng.integers(0, {STATES}, k * b),
    "probability": rng.dirichlet(np.ones(b), k).ravel(), "reward": rng.integers(-2, 3, k * b) * 1.0,
}}).write_parquet("world.parquet")
"""
HOW = ["world.parquet", "--start", "0", "--max-steps", str(HORIZON), "--seed", "1", "-q"]


@pytest.fixture
def world(tmp_path: Path) -> Path:
    import subprocess

    subprocess.run(python(WORLD), cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.slow
def test_small_runs_do_not_pay_for_a_compiler(world: Path) -> None:
    command = [*RLCALC, "simulate", "rifle", "-n", "1000", "--seed", "1", "-q"]
    imports = python("import typer, rich.table, pydantic, yaml, numpy")
    compare("1,000 shots of the rifle", command, imports, world, "at most 1.75")


NUMPY_COPIES = f"""
import numpy as np, polars as pl
d = pl.read_parquet("world.parquet")
shape = ({STATES}, {ACTIONS}, {BRANCHING})
chance = np.cumsum(d["probability"].to_numpy().reshape(shape), axis=2)
following, reward = (d[name].to_numpy().reshape(shape) for name in ("next_state", "reward"))
rng, copies = np.random.default_rng(1), 10_000
state, gain = np.zeros(copies, np.int64), np.zeros(copies)
for _ in range({HORIZON}):
    action = rng.integers(0, {ACTIONS}, copies)
    place = (rng.random((copies, 1)) > chance[state, action][:, :-1]).sum(axis=1)
    gain += reward[state, action, place]
    state = following[state, action, place]
print(gain.mean(), gain.std())
"""


@pytest.mark.slow
def test_a_million_steps_beside_numpy(world: Path) -> None:
    """Whole processes: 10,000 copies side by side, of which NumPy keeps the gains alone."""
    command = [*RLCALC, "simulate", *HOW, "-n", "10000", "--rows", "summary"]
    name = "1 M steps to statistics, against NumPy"
    compare(name, command, python(NUMPY_COPIES), world, "at most 1")


@pytest.mark.slow
def test_a_hundred_million_steps_to_parquet(world: Path) -> None:
    begin = time.perf_counter()
    most = peak([*RLCALC, "simulate", *HOW, "-n", "1000000", "-o", "steps.parquet"], world)
    took = time.perf_counter() - begin
    print(f"\n100 M steps to Parquet: {took:.1f} s, at most {most} MiB; wanted below 1,024")


@pytest.mark.slow
def test_a_hundred_million_steps_to_statistics(world: Path) -> None:
    command = [*RLCALC, "simulate", *HOW, "-n", "1000000", "--rows", "summary"]
    begin = time.perf_counter()
    most = peak(command, world)
    took = time.perf_counter() - begin
    print(f"\n100 M steps to statistics, whole process: {took:.2f} s, at most {most} MiB")
