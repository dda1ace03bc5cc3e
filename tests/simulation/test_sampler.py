"""The simulator on paper, against the model's own table, and against what is solved exactly."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import rlcalc
from rlcalc import MDP, Policy
from rlcalc.engines.threads import run
from rlcalc.errors import InputError
from rlcalc.simulation import sampler
from rlcalc.simulation.markov_chain import MarkovChain
from rlcalc.simulation.sampler import Simulation, episode_spans
from rlcalc.trajectories import concatenate
from tests.simulation.plays import TWO, simulation
from tests.solvers.models import mdp_of, models, random_model


def test_a_certain_world_is_played_as_it_is_written() -> None:
    chain = mdp_of({(0, 0): [(1, 1.0, 2.0)], (1, 0): [(2, 1.0, 3.0)]}, 3)
    mdp = replace(chain, start=np.array([1.0, 0.0, 0.0]))
    batch = next(simulation(mdp, 2).trajectories())

    assert batch.state.tolist() == [0, 1, 0, 1]
    assert batch.reward.tolist() == [2.0, 3.0, 2.0, 3.0]
    assert batch.last_state is not None
    assert batch.last_state.tolist() == [2, 2]
    assert batch.terminated.all()


def test_the_longest_episode_is_truncated_and_not_terminated() -> None:
    mdp = mdp_of(TWO, 2)
    batch = concatenate([*simulation(mdp, 5000, 2).trajectories()])

    assert batch.length.max() == 2
    assert (batch.terminated ^ batch.truncated).all()
    assert batch.last_state is not None
    assert (batch.last_state == np.where(batch.terminated, 1, 0)).all()
    assert batch.truncated.mean() == pytest.approx((3 / 8) ** 2, abs=0.02)


@given(models(), st.integers(0, 2**32))
def test_whatever_happens_is_in_the_model(mdp: MDP, seed: int) -> None:
    batch = concatenate([*simulation(mdp, 20, 5, seed).trajectories()])
    outcomes = {
        (int(mdp.expected.pair_state[k]), int(mdp.action[k]), int(mdp.next_state[i]), mdp.reward[i])
        for k in range(mdp.n_pairs)
        for i in range(mdp.outcome_start[k], mdp.outcome_start[k + 1])
    }
    assert batch.last_state is not None
    following = np.append(batch.state[1:], 0)
    following[batch.start[1:] - 1] = batch.last_state

    steps = zip(
        batch.state.tolist(),
        batch.action.tolist(),
        following.tolist(),
        batch.reward.tolist(),
        strict=True,
    )
    assert set(steps) <= outcomes


@given(models(), st.integers(0, 2**32), st.integers(1, 40))
def test_batches_and_threads_do_not_change_what_happens(mdp: MDP, seed: int, size: int) -> None:
    whole = simulation(mdp, 40, 7, seed)
    batch = concatenate([*whole.trajectories()])
    cut = concatenate(
        [whole._recorded(span, compiled=False, with_prob=False) for span in episode_spans(40, size)]
    )
    threads = concatenate([*whole.trajectories(partial(run, jobs=3))])

    for other in (cut, threads):
        assert (batch.start == other.start).all()
        assert (batch.state == other.state).all()
        assert (batch.action == other.action).all()
        assert (batch.reward == other.reward).all()


@given(models(), st.integers(0, 2**32), st.sampled_from([1.0, 0.9, 0.0]), st.integers(1, 9))
def test_compiled_lanes_give_the_bits_of_numpy(
    mdp: MDP, seed: int, gamma: float, stride: int
) -> None:
    one = simulation(mdp, 150, 7, seed)
    numpy, compiled = one._run_numpy((3, 150), gamma), one._run_compiled((3, 150), gamma, stride)

    assert (numpy.gain.view(np.int64) == compiled.gain.view(np.int64)).all()
    assert (numpy.length == compiled.length).all()
    assert (numpy.last_state == compiled.last_state).all()


@given(models(), st.integers(0, 2**32), st.booleans())
def test_compiled_traces_are_those_of_numpy(mdp: MDP, seed: int, with_prob: bool) -> None:
    one = simulation(mdp, 90, 7, seed)
    numpy = one._recorded((3, 90), compiled=False, with_prob=with_prob)
    compiled = one._recorded((3, 90), compiled=True, with_prob=with_prob)

    for name in ("start", "state", "action", "reward", "terminated", "last_state"):
        assert (getattr(numpy, name) == getattr(compiled, name)).all()


def test_long_work_is_compiled_and_short_work_is_not() -> None:
    mdp = random_model(np.random.default_rng(0))

    assert simulation(mdp, 1000, 100).work.seconds < sampler.COMPILING
    assert simulation(mdp, 1_000_000, 100).work.seconds > sampler.COMPILING
    assert simulation(mdp, 1, 1_000_000).work.seconds > sampler.COMPILING
    assert simulation(mdp, 1, 1_000_000).work.length == 1_000_000


def test_plain_lanes_give_the_bits_of_compiled_ones() -> None:
    one = simulation(random_model(np.random.default_rng(0)), 80, 6)
    key, begin = one._first_states((0, 80))
    answers = []
    for loop in (sampler.lock_step.plain, sampler.lock_step.compiled):
        gain, length, after = np.empty(80), np.empty(80, np.int64), np.empty(80, np.int32)
        with np.errstate(over="ignore"):
            loop(
                one.chain.table.row, one.chain.table.slot, one.chain.next_state, one.chain.reward,
                key, begin, 0.9, 6, 2, gain, length, after,
            )  # fmt: skip
        answers.append((gain, length, after))
    for plain, compiled in zip(*answers, strict=True):
        assert (plain == compiled).all()


@given(models(), st.integers(0, 2**32), st.sampled_from([1.0, 0.9]))
def test_outcomes_are_those_of_the_trajectories(mdp: MDP, seed: int, gamma: float) -> None:
    one = simulation(mdp, 50, 6, seed)
    batch = concatenate([*one.trajectories()])
    outcome = next(one.outcomes(gamma))
    gain = [
        sum(gamma**t * r for t, r in enumerate(batch.reward[a:b]))
        for a, b in zip(batch.start, batch.start[1:], strict=False)
    ]

    np.testing.assert_allclose(outcome.gain, gain, atol=1e-9)
    assert (outcome.length == batch.length).all()


def test_next_states_actions_and_rewards_pass_chi_square_tests() -> None:
    """Each pair by itself, and each state's actions: at fixed seeds, at one in 100,000 each."""
    rng = np.random.default_rng(4)
    model = random_model(rng, 6, 3, 4)
    weight = rng.dirichlet(np.ones(3), 6).ravel()
    start = rng.dirichlet(np.ones(6))
    one = Simulation(MarkovChain.of(model, Policy(weight, "any"), start), 20_000, 8, 10)
    batch = concatenate([*one.trajectories()])
    assert batch.last_state is not None
    following = np.append(batch.state[1:], 0)
    following[batch.start[1:] - 1] = batch.last_state
    first = np.bincount(batch.state[batch.start[:-1]], minlength=6)

    assert stats.chisquare(first, start * len(batch)).pvalue > 1e-5
    for s in range(6):
        taken = np.bincount(batch.action[batch.state == s], minlength=3)
        assert stats.chisquare(taken, weight[3 * s : 3 * s + 3] * taken.sum()).pvalue > 1e-5
        for a in range(3):
            rows = (batch.state == s) & (batch.action == a)
            outcome = np.arange(model.outcome_start[3 * s + a], model.outcome_start[3 * s + a + 1])
            met = [
                (
                    (following[rows] == model.next_state[i])
                    & (batch.reward[rows] == model.reward[i])
                ).sum()
                for i in outcome
            ]
            assert sum(met) == rows.sum()
            assert stats.chisquare(met, model.probability[outcome] * sum(met)).pvalue > 1e-5


@pytest.mark.slow
def test_estimates_from_what_is_simulated_cover_what_is_solved() -> None:
    """Of 400 intervals of 95 %, 360 to 394 hold the exact value: 4.6 standard errors down."""
    hits = 0
    for seed in range(400):
        result = rlcalc.simulate("recycling-robot", 200, rows="summary", seed=seed, max_steps=20)
        low, exact, high = (result[name][0] for name in ("low", "exact", "high"))
        hits += low <= exact <= high

    assert 360 <= hits <= 394


def test_a_world_that_hardly_ever_ends_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "LONGEST", 100)
    mdp = replace(
        mdp_of({(0, 0): [(1, 2.0**-40, 0.0), (0, 1 - 2.0**-40, 0.0)]}, 2), start=np.array([1.0, 0])
    )
    for ask in (lambda one: one.trajectories(), lambda one: one.outcomes(1.0)):
        with pytest.raises(InputError, match="episode 0 has not ended after 100 steps"):
            next(ask(simulation(mdp, 3)))


def test_a_world_that_hardly_ever_ends_is_not_begun_a_thousand_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where loops are compiled, the first episodes go ahead: a block of them would take long."""
    monkeypatch.setattr(sampler, "LONGEST", 2 * sampler.PROBE)
    monkeypatch.setattr(sampler, "COMPILING", 0.0)
    mdp = replace(
        mdp_of({(0, 0): [(1, 2.0**-40, 0.0), (0, 1 - 2.0**-40, 0.0)]}, 2), start=np.array([1.0, 0])
    )

    def engine(work: object, spans: object) -> None:
        raise AssertionError("a block is begun")

    one = simulation(mdp, 100_000)
    with pytest.raises(InputError, match="episode 0 has not ended"):
        one.outcomes(1.0, engine)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="episode 0 has not ended"):
        one.trajectories(engine)  # type: ignore[arg-type]


def test_an_episode_that_memory_does_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "MOST_STEPS_IN_MEMORY", 99)
    monkeypatch.setattr(sampler, "COMPILING", 0.0)
    one = simulation(replace(mdp_of({(0, 0): [(0, 1.0, 1.0)]}, 1), start=np.ones(1)), 2, 100)
    with pytest.raises(InputError, match="an episode has 100 steps"):
        next(one.trajectories())

    assert next(one.outcomes(1.0)).gain.tolist() == [100, 100]
