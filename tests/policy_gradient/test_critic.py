"""The critic of each half, by plain loops, and the error that it adds."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

import rlcalc
from rlcalc.policy import Policy
from rlcalc.policy_gradient.compare import compare_with_exact
from rlcalc.policy_gradient.critic import Critic, CriticSums
from rlcalc.policy_gradient.request import GradientRequest
from rlcalc.policy_gradient.score_function import ScoreFunction
from rlcalc.policy_gradient.sums import sums_over_batches
from rlcalc.policy_gradient.target_policy import TargetPolicy
from rlcalc.policy_gradient.weighted_episodes import WeightedEpisodes
from rlcalc.trajectories import Trajectories
from tests.policy_gradient.setups import looping, softmax_setup
from tests.solvers.models import Floats, mdp_of


@dataclass(frozen=True)
class ByHand:
    """What each half of some episodes has seen, by plain loops: [2, K] and [2, S]."""

    count: Floats  # episodes that meet a pair
    q: Floats  # mean gain from the first time on, weighted by what follows it
    v: Floats
    visits: Floats  # Σ γ^t ρ_{1:t}

    @classmethod
    def of(cls, batch: Trajectories, target: TargetPolicy) -> "ByHand":
        mdp, gamma, weight = target.mdp, target.gamma, target.weight
        gains: dict[tuple[str, int, int], list[float]] = defaultdict(list)
        visits = np.zeros((2, mdp.n_pairs))
        for e in range(len(batch)):
            steps = range(int(batch.start[e]), int(batch.start[e + 1]))
            met, ratio, pair = set(), [], []
            for i in steps:
                s = int(batch.state[i])
                pairs = range(int(mdp.pair_start[s]), int(mdp.pair_start[s + 1]))
                pair.append(next(k for k in pairs if mdp.action[k] == batch.action[i]))
                b = 0.0 if batch.behaviour_prob is None else batch.behaviour_prob[i]
                ratio.append(weight[pair[-1]] / b if b else 1.0)
            for t, i in enumerate(steps):
                q = sum(
                    gamma ** (j - t) * np.prod(ratio[t + 1 : j + 1]) * batch.reward[steps[j]]
                    for j in range(t, len(steps))
                )
                visits[e % 2, pair[t]] += gamma**t * np.prod(ratio[: t + 1])
                for key, gain in (("q", pair[t]), q), (("v", int(batch.state[i])), ratio[t] * q):
                    if key not in met:
                        met.add(key)
                        gains[(key[0], e % 2, key[1])].append(float(gain))

        def table(letter: str, size: int, of: Callable[[list[float]], float]) -> Floats:
            return np.array([[of(gains[letter, h, k]) for k in range(size)] for h in range(2)])

        def mean(several: list[float]) -> float:
            return float(np.mean(several or [0.0]))

        return cls(
            table("q", mdp.n_pairs, len),
            table("q", mdp.n_pairs, mean),
            table("v", mdp.n_states, mean),
            visits,
        )


@pytest.mark.parametrize("of_another", [False, True])
def test_a_half_hears_the_means_of_the_other(of_another: bool) -> None:
    """Also where another policy played, and where the episodes come in pieces of odd size."""
    setup = softmax_setup(looping(), 60, 2, 0.8)
    policy = Policy.uniform(setup.mdp.expected) if of_another else setup.play.policy
    batch = rlcalc.simulate(
        setup.mdp, 60, seed=2, start="0", policy=policy, with_prob=of_another
    ).whole()
    target = TargetPolicy(setup.mdp, setup.play.policy.weight, 0.8)
    episodes, expected = WeightedEpisodes.of(target, batch, 0), ByHand.of(batch, target)
    halves = sums_over_batches(CriticSums.of, target, [batch.cut(0, 7), batch.cut(7, 60)])
    critic = Critic.of(halves, target)
    assert critic.influence_weight is not None

    assert halves.count.tolist() == expected.count.tolist()
    assert critic.action_value == pytest.approx(expected.q[::-1], abs=1e-12)
    assert critic.value == pytest.approx(expected.v[::-1], abs=1e-12)
    influence_weight = expected.visits[::-1] / np.sqrt(expected.count * (expected.count - 1))
    assert critic.influence_weight == pytest.approx(influence_weight)
    influence = np.bincount(episodes.half * 7 + episodes.pair, critic.influence(episodes), 14)
    assert influence == pytest.approx(np.zeros(14), abs=1e-9)


def test_an_episode_moves_the_estimate_as_far_as_its_move_says() -> None:
    """A gain more at an episode's end, and what it does to the form q: only the critic hears it."""
    setup = softmax_setup(looping(), 40, 2, 0.8)
    batch = setup.play.experience().whole()
    target = TargetPolicy(setup.mdp, setup.play.policy.weight, 0.8)

    def estimate(reward: Floats) -> Floats:
        data = replace(batch, reward=reward)
        answer = rlcalc.gradient(
            setup.mdp, form="q", critic="estimated", from_data=data, gamma=0.8, start="0",
            policy=setup.play.policy,
        )  # fmt: skip
        return answer["gradient"]

    expected = ByHand.of(batch, target)
    for e in (3, 8):
        last, first = int(batch.start[e + 1]) - 1, int(batch.start[e])
        more = batch.reward.copy()
        more[last] += 1.0
        episodes, moved = WeightedEpisodes.of(target, batch, 0), np.zeros(batch.n_steps)
        met = episodes.first_visits(episodes.pair, 7)
        for t in met[(met >= first) & (met <= last)]:
            k = episodes.pair[t]
            moved[t] = 0.8 ** (last - t) * expected.visits[1 - e % 2, k] / expected.count[e % 2, k]
        scores = ScoreFunction.of(batch, setup.mdp, target.weight, episodes.pair)
        shift = np.bincount(scores.pair, scores(moved), 7) / 40

        assert np.abs(shift).max() > 1e-3
        assert estimate(more) - estimate(batch.reward) == pytest.approx(shift, abs=1e-12)


@pytest.mark.parametrize("gamma", [1.0, 0.7])
def test_errors_hold_those_of_the_critic(gamma: float) -> None:
    """Without them z would be 2 or 3 wide; the means of 150 estimates are those of ∇J."""
    mdp, request = looping(), GradientRequest(critic="estimated")
    several = [
        compare_with_exact(softmax_setup(mdp, 400, seed, gamma), request) for seed in range(150)
    ]
    z = np.array([one["z"].reshape(4, -1)[2:] for one in several])
    answers = np.array([one["gradient"].reshape(4, -1)[2:] for one in several])
    expected = softmax_setup(mdp, 1, 1, gamma).exact.gradient
    error = answers.std(axis=0, ddof=1) / np.sqrt(len(answers))

    assert 0.93 <= np.sqrt((z**2).mean()) <= 1.07
    assert 0.93 <= (np.abs(z) < 1.96).mean() <= 0.97
    assert np.abs((answers.mean(axis=0) - expected) / error).max() <= 4


def test_what_half_of_the_episodes_never_met_has_no_error() -> None:
    """Three episodes, of which one alone takes the action b."""
    mdp = mdp_of({(0, a): [(1, 1.0, float(a))] for a in range(2)}, 2)
    data = rlcalc.Trajectories.from_arrays(
        [0, 0, 0, 0], [0, 1, 0, 0], [0.0, 1.0, 0.0, 0.0], length=[1] * 4, terminated=[True] * 4
    )
    answer = rlcalc.gradient(mdp, form="q", critic="estimated", from_data=data, start="0")

    assert np.isnan(answer["se"]).all()
    assert "2 parameters have no standard error" in answer.notes[0]
