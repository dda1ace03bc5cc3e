"""Importance ratios: sums spelt out, and estimates whose exact mean is the gradient."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcalc.errors import InputError
from rlcalc.mdp import MDP
from rlcalc.policy import Policy
from rlcalc.policy_gradient.baseline import StartGroups
from rlcalc.policy_gradient.critic import Critic
from rlcalc.policy_gradient.estimate import EstimateSummary
from rlcalc.policy_gradient.exact import exact_gradient
from rlcalc.policy_gradient.importance_sampling import (
    cumulative_ratios,
    importance_ratios,
    weighted_gain,
)
from rlcalc.policy_gradient.request import FORMS, EstimateRequest
from rlcalc.policy_gradient.target_policy import TargetPolicy
from rlcalc.policy_gradient.weighted_episodes import WeightedEpisodes
from rlcalc.trajectories import Trajectories
from tests.solvers.models import Floats, mdp_of


@given(
    st.one_of(
        st.lists(st.integers(1, 9), min_size=2, max_size=6),
        st.lists(st.integers(1, 5), min_size=30, max_size=40),
    ),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.integers(0, 999),
)
def test_weights_are_the_products_that_they_say(
    lengths: list[int], gamma: float, seed: int
) -> None:
    """ρ_{1:t} and Σ_{i≥t} γ^{i−t} ρ_{t+1:i} r_i, by plain loops; few episodes and many."""
    start, rng = np.cumsum([0, *lengths]), np.random.default_rng(seed)
    ratio, reward = rng.integers(0, 4, start[-1]) / 2, rng.normal(size=start[-1])
    product, gain = cumulative_ratios(ratio, start), weighted_gain(reward, ratio, start, gamma)
    for first, last in pairwise(start):
        for t in range(first, last):
            later = [
                gamma ** (i - t) * ratio[t + 1 : i + 1].prod() * reward[i] for i in range(t, last)
            ]

            assert product[t] == pytest.approx(ratio[first : t + 1].prod())
            assert gain[t] == pytest.approx(sum(later))


def downhill(seed: int) -> MDP:
    """A world that always leads on: three states and the end, two actions, two outcomes each."""
    rng = np.random.default_rng(seed)
    outcomes = {}
    for s in range(3):
        for a in range(2):
            p = rng.uniform(0.2, 0.8)
            ahead = rng.integers(s + 1, 4, 2)
            outcomes[s, a] = [
                (int(ahead[0]), p, float(rng.normal())),
                (int(ahead[1]), 1 - p, float(rng.normal())),
            ]
    return mdp_of(outcomes, 4)


def every_episode(mdp: MDP, behaviour: Floats) -> list[tuple[float, Trajectories]]:
    """All episodes from the first state, each with its probability."""
    answers: list[tuple[float, Trajectories]] = []

    def go_on(state: int, chance: float, steps: list[tuple[int, int, float, float]]) -> None:
        if mdp.pair_start[state] == mdp.pair_start[state + 1]:
            s, a, r, b = (np.array(column) for column in zip(*steps, strict=True))
            episode = Trajectories(
                start=np.array([0, len(s)]),
                state=s.astype(np.int32),
                action=a.astype(np.int32),
                reward=r,
                terminated=np.array([True]),
                truncated=np.array([False]),
                states=mdp.states,
                actions=mdp.actions,
                behaviour_prob=b,
            )
            answers.append((chance, episode))
            return
        for k in range(mdp.pair_start[state], mdp.pair_start[state + 1]):
            for i in range(mdp.outcome_start[k], mdp.outcome_start[k + 1]):
                step = (state, int(mdp.action[k]), float(mdp.reward[i]), float(behaviour[k]))
                onward = chance * behaviour[k] * mdp.probability[i]
                go_on(int(mdp.next_state[i]), onward, [*steps, step])

    go_on(0, 1.0, [])
    return answers


@settings(max_examples=15)
@given(st.integers(0, 9999), st.sampled_from([0.6, 1.0]))
@pytest.mark.parametrize("baseline", ["none", "value", "mean"])
def test_the_mean_over_all_episodes_of_another_policy_is_the_gradient(
    baseline: str, seed: int, gamma: float
) -> None:
    """E_b[...] = ∇J exactly, whatever the policy b that plays, for each form and baseline.

    The baseline `mean` is held at what one set of episodes says.
    """
    mdp, rng = downhill(seed), np.random.default_rng(seed + 1)
    weight, behaviour = (
        Policy.softmax(mdp.expected, rng.normal(size=mdp.n_pairs), 1.0).weight for _ in range(2)
    )
    begin = np.eye(mdp.n_states)[0]
    known = exact_gradient(mdp, weight, begin, gamma)
    target = TargetPolicy(mdp, weight, gamma)
    episodes = every_episode(mdp, behaviour)
    request = EstimateRequest(
        Critic.exact(known.value, known.action_value),
        baseline=baseline,  # type: ignore[arg-type]
        groups=StartGroups.of(WeightedEpisodes.of(target, episodes[0][1], 0)),
    )
    summaries = [
        (chance, EstimateSummary.of(WeightedEpisodes.of(target, episode, 0), request))
        for chance, episode in episodes
    ]

    assert sum(chance for chance, _ in episodes) == pytest.approx(1)
    assert sum(c * one.gain.x[0] for c, one in summaries) == pytest.approx(known.objective)
    for form in FORMS:
        mean = sum(chance * one.gradient[form].x for chance, one in summaries)
        assert mean == pytest.approx(known.gradient, abs=1e-9)


@pytest.mark.parametrize(
    ("chance", "said"), [(0.0, "0"), (-0.5, "-0.5"), (1.5, "1.5"), (np.nan, "lacks")]
)
def test_what_is_no_probability_is_refused(chance: float, said: str) -> None:
    """Whoever builds trajectories without `from_arrays` is refused here."""
    piece = replace(
        Trajectories.from_arrays([0, 0], [0, 0], [1.0, 1.0]), behaviour_prob=np.array([1.0, chance])
    )

    with pytest.raises(InputError, match=said):
        importance_ratios(piece, np.ones(2))


def test_log_probabilities_are_those_of_who_played() -> None:
    piece = Trajectories.from_arrays([0, 0], [0, 1], [1.0, 1.0], log_prob=np.log([0.25, 0.5]))

    assert importance_ratios(piece, np.array([0.5, 0.5])) == pytest.approx([2.0, 1.0])
