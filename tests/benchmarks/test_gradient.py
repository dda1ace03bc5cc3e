"""The policy gradient, beside its sampler and beside what one would write: nothing is asserted.

The student's world under the uniform policy; 6.3 steps to an episode.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import rlcalc
from rlcalc.environments import load
from tests.benchmarks.test_simulation import beside
from tests.benchmarks.test_whole_process import RLCALC, peak

EPISODES = 1_000_000


def seconds(work: Callable[[], object], episodes: int) -> float:
    """Nanoseconds an episode."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) / episodes * 1e9


def sampled() -> None:
    for batch in rlcalc.simulate("student", EPISODES, seed=1):
        assert batch.n_steps


def script(episodes: int) -> None:
    """The four forms as they stand in textbooks, episode by episode, on NumPy rows."""
    exact = rlcalc.solve("student", policy="uniform")
    mdp = load.load_mdp("student")
    action_value, value = exact["q"], exact["v"]
    pair_of = {
        (int(s), int(a)): k
        for k, (s, a) in enumerate(zip(mdp.expected.pair_state, mdp.action, strict=True))
    }
    batch = rlcalc.simulate(mdp, episodes, seed=1).whole()
    score = np.zeros((mdp.n_pairs, mdp.n_pairs))
    for (s, _), k in pair_of.items():
        score[k, mdp.pair_start[s] : mdp.pair_start[s + 1]] = -0.5
        score[k, k] += 1
    found = np.zeros((episodes, 4, mdp.n_pairs))
    for e in range(episodes):
        reward = batch.reward[batch.start[e] : batch.start[e + 1]]
        gain = np.cumsum(reward[::-1])[::-1]
        for t, i in enumerate(range(batch.start[e], batch.start[e + 1])):
            k = pair_of[int(batch.state[i]), int(batch.action[i])]
            psi = [gain[0], gain[t], action_value[k], action_value[k] - value[k]]
            found[e] += np.outer(psi, score[k])
    assert np.isfinite(found.mean(axis=0) / found.std(axis=0)).any()


@pytest.mark.slow
@pytest.mark.parametrize("how", [{}, {"baseline": "mean"}, {"critic": "estimated"}])
def test_a_million_episodes_beside_their_sampler(how: dict[str, str]) -> None:
    def ours() -> None:
        rlcalc.gradient("student", EPISODES, seed=1, **how)  # type: ignore[arg-type]

    beside(
        f"gradient {how}, a million episodes, beside sampling them (an episode is the step)",
        lambda: seconds(ours, EPISODES),
        lambda: seconds(sampled, EPISODES),
        "at least 0.25",
    )


@pytest.mark.slow
def test_beside_the_obvious_script() -> None:
    beside(
        "gradient beside a loop over episodes (an episode is the step)",
        lambda: seconds(lambda: rlcalc.gradient("student", EPISODES, seed=1), EPISODES),
        lambda: seconds(lambda: script(20_000), 20_000),
        "at least 25",
    )


@pytest.mark.slow
@pytest.mark.parametrize("how", [(), ("--baseline", "mean", "--critic", "estimated")])
def test_memory_does_not_grow_with_the_episodes(how: tuple[str, ...], tmp_path: Path) -> None:
    command = [*RLCALC, "gradient", "student", "--seed", "1", "-q", *how]
    one, ten = (peak([*command, "-n", str(n * EPISODES)], tmp_path) for n in (2, 20))
    print(
        f"\ngradient {how}: {one} MiB for 2 million episodes, {ten} for 20 million, ratio "
        f"{ten / one:.2f}; wanted at most 1.2 (both hold a compiler)"
    )
