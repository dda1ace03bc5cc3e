"""What a first look leaves: means of groups, and a critic whose errors are told."""

import numpy as np
import pytest

import rlcalc
from rlcalc import learning
from rlcalc.estimators.groundwork import Critic, Groups, Halves
from rlcalc.estimators.walk import Target
from rlcalc.trajectories import Experience
from tests.estimators.test_policy_gradient import looping, sloped
from tests.solvers.models import Floats, mdp_of


def by_hand(at: learning.Slope) -> tuple[Floats, Floats]:
    """[2, K] N and Q̂ of each half, first visit, by plain loops."""
    batch, mdp = at.play.experience().whole(), at.mdp
    gains: list[list[list[float]]] = [[[] for _ in range(mdp.n_pairs)] for _ in range(2)]
    for e in range(len(batch)):
        steps = range(int(batch.start[e]), int(batch.start[e + 1]))
        met = set()
        for t, i in enumerate(steps):
            s = int(batch.state[i])
            pairs = range(int(mdp.pair_start[s]), int(mdp.pair_start[s + 1]))
            k = next(k for k in pairs if mdp.action[k] == batch.action[i])
            if k not in met:
                met.add(k)
                later = [at.play.gamma**j * batch.reward[n] for j, n in enumerate(steps[t:])]
                gains[e % 2][k].append(sum(later))
    return (
        np.array([[len(several) for several in half] for half in gains], dtype=float),
        np.array([[np.mean(several or [0.0]) for several in half] for half in gains]),
    )


def test_a_half_hears_the_means_of_the_other() -> None:
    at = sloped(looping(), 60, 2, 0.8)
    target = Target(at.mdp, at.play.policy.weight, 0.8)
    walk = target.walk(at.play.experience().whole(), 0)
    halves = Halves.of(walk, target)
    critic, (times, mean) = Critic.of(halves, target), by_hand(at)

    assert halves.times.tolist() == times.tolist()
    assert critic.action_value == pytest.approx(mean[::-1], abs=1e-12)
    moves = np.bincount(walk.half[walk.episode] * 7 + walk.pair, critic.moves(walk), 14)
    assert moves == pytest.approx(np.zeros(14), abs=1e-9)


@pytest.mark.parametrize("gamma", [1.0, 0.7])
def test_errors_hold_those_of_the_critic(gamma: float) -> None:
    """Without them z would be 2 or 3 wide; the means of 150 estimates are those of ∇J."""
    mdp, question = looping(), learning.Question(critic="estimated")
    several = [learning.gradient(sloped(mdp, 400, seed, gamma), question) for seed in range(150)]
    z = np.array([one["z"].reshape(4, -1)[2:] for one in several])
    found = np.array([one["gradient"].reshape(4, -1)[2:] for one in several])
    wanted = sloped(mdp, 1, 1, gamma).exact.gradient
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))

    assert 0.93 <= np.sqrt((z**2).mean()) <= 1.07
    assert 0.93 <= (np.abs(z) < 1.96).mean() <= 0.97
    assert np.abs((found.mean(axis=0) - wanted) / error).max() <= 4


def test_what_half_of_the_episodes_never_met_has_no_error() -> None:
    """Three episodes, of which one alone takes the action b."""
    mdp = mdp_of({(0, a): [(1, 1.0, float(a))] for a in range(2)}, 2)
    data = rlcalc.Trajectories.from_arrays(
        [0, 0, 0, 0], [0, 1, 0, 0], [0.0, 1.0, 0.0, 0.0], length=[1] * 4, terminated=[True] * 4
    )
    answer = rlcalc.gradient(mdp, form="q", critic="estimated", from_data=data, start="0")

    assert np.isnan(answer["se"]).all()
    assert "2 parameters have no error" in answer.notes[0]


def test_a_mean_is_that_of_the_group_that_begins_alike() -> None:
    """Two prompts, paid 1 and 10: Σ_i ∇ log π(y_i) (r_i − μ_group) / N, as GRPO has it."""
    mdp = mdp_of({(s, a): [(2, 1.0, float(a + 9 * s))] for s in range(2) for a in range(3)}, 3)
    played = rlcalc.simulate(mdp, 40, seed=3, start="uniform").whole()
    first = played.state
    mean = np.array([played.reward[first == s].mean() for s in range(2)])
    wanted = np.zeros(6)
    for s, a, r in zip(first, played.action, played.reward, strict=True):
        wanted[3 * s : 3 * s + 3] += ((np.arange(3) == a) - 1 / 3) * (r - mean[s]) / 40
    data = {"from_data": played, "start": "uniform", "baseline": "mean"}

    for form in ("gain", "trajectory"):
        answer = rlcalc.gradient(mdp, form=form, **data)  # type: ignore[arg-type]
        assert answer["gradient"] == pytest.approx(wanted, abs=1e-12)
        assert answer.facts["groups"] == 2


def test_groups_add_up_however_they_are_cut() -> None:
    at = sloped(looping(), 60, 2, 0.8)
    target, batch = Target(at.mdp, at.play.policy.weight, 0.8), at.play.experience().whole()
    parts = [
        Groups.of(target.walk(batch.cut(*span), span[0]), target) for span in ((0, 7), (7, 60))
    ]
    whole = Groups.of(target.walk(batch, 0), target)

    assert (parts[0] + parts[1]).step_mean == pytest.approx(whole.step_mean)
    assert whole.mean[0] == pytest.approx(target.walk(batch, 0).total.mean())


@pytest.mark.parametrize("how", [{"baseline": "mean"}, {"critic": "estimated"}])
def test_what_can_be_read_once_is_held(how: dict[str, str]) -> None:
    played = rlcalc.simulate("student", 300, seed=1).whole()
    stream = Experience.of(played)
    once = rlcalc.gradient("student", from_data=stream, **how)  # type: ignore[arg-type]
    again = rlcalc.gradient("student", from_data=played, **how)  # type: ignore[arg-type]

    assert once.plain() == again.plain()
