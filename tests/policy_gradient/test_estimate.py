"""Estimates of the policy gradient: by hand, unbiased, and the same however they are cut."""

from functools import partial
from typing import Literal

import numpy as np
import pytest

import rlcalc
from rlcalc.environments import load
from rlcalc.policy import Policy
from rlcalc.policy_gradient.compare import compare_with_exact
from rlcalc.policy_gradient.request import FORMS, EstimateRequest, Form, GradientRequest
from rlcalc.policy_gradient.setup import GradientSetup
from rlcalc.trajectories import Trajectories
from tests.policy_gradient.setups import looping, softmax_setup
from tests.solvers.models import Floats, mdp_of


def by_hand(
    batch: Trajectories, setup: GradientSetup, request: EstimateRequest, form: Form
) -> Floats:
    """[E, K] the gradient of each episode, step by step."""
    mdp, gamma, weight = setup.mdp, setup.play.gamma, setup.play.policy.weight
    answers = np.zeros((len(batch), mdp.n_pairs))
    for e in range(len(batch)):
        steps = range(int(batch.start[e]), int(batch.start[e + 1]))
        for t, i in enumerate(steps):
            s = int(batch.state[i])
            pairs = range(int(mdp.pair_start[s]), int(mdp.pair_start[s + 1]))
            taken = next(k for k in pairs if mdp.action[k] == batch.action[i])
            whole = sum(gamma**j * batch.reward[k] for j, k in enumerate(steps))
            later = sum(gamma**j * batch.reward[k] for j, k in enumerate(steps[t:]))
            q, v = request.critic.action_value[0][taken], request.critic.value[0][s]
            psi = {
                "trajectory": whole,
                "gain": gamma**t * later,
                "q": gamma**t * q,
                "advantage": gamma**t * (q - v),
            }[form]
            for k in pairs:
                answers[e, k] += psi * ((k == taken) - weight[k])
    return answers


@pytest.mark.parametrize("form", FORMS)
def test_means_and_errors_are_those_of_episodes_by_hand(form: Form) -> None:
    setup = softmax_setup(looping(), 50, 3, 0.8)
    batches = list(setup.play.trajectories())
    request, _, (one,) = setup.estimated(GradientRequest(form=form), lambda: batches)
    expected = by_hand(batches[0], setup, request, form)

    assert one.gradient == pytest.approx(expected.mean(axis=0), abs=1e-12)
    assert one.error == pytest.approx(expected.std(axis=0, ddof=1) / np.sqrt(50), abs=1e-12)


@pytest.mark.parametrize("gamma", [1.0, 0.7])
@pytest.mark.parametrize("baseline", ["none", "mean", "value", "optimal"])
def test_estimates_are_unbiased_over_many_seeds(gamma: float, baseline: str) -> None:
    """The mean of 150 estimates is within 4 of its errors of the exact gradient."""
    mdp, request = looping(), GradientRequest(baseline=baseline)
    several = []
    for seed in range(150):
        setup = softmax_setup(mdp, 400, seed, gamma)
        several.append(compare_with_exact(setup, request)["gradient"])
    answers, expected = np.array(several), np.tile(setup.exact.gradient, 4)
    error = answers.std(axis=0, ddof=1) / np.sqrt(len(answers))

    assert np.abs((answers.mean(axis=0) - expected) / error).max() <= 4


@pytest.mark.parametrize("gamma", [1.0, 0.7])
def test_errors_say_how_far_estimates_are(gamma: float) -> None:
    mdp = looping()
    z = np.array(
        [
            compare_with_exact(softmax_setup(mdp, 400, seed, gamma), GradientRequest())["z"]
            for seed in range(150)
        ]
    )

    assert 0.93 <= np.sqrt((z**2).mean()) <= 1.07


@pytest.mark.parametrize(
    ("world", "gamma"),
    [
        ("student", 1.0),
        ("student", 0.9),
        ("language", 1.0),
        ("frozen-lake", 0.95),
        ("gambler", 1.0),
        ("gridworld-4x4", 1.0),
        ("random-reward-chain", 0.9),
        ("rifle", 1.0),
    ],
)
def test_variances_come_in_the_order_of_what_the_forms_know(world: str, gamma: float) -> None:
    answer = rlcalc.gradient(world, 5000, gamma=gamma, seed=1, rows="variance")
    variance = answer["variance"]

    assert (np.diff(variance) <= 1e-12 * variance[0]).all()
    assert variance[3] < 0.3 * variance[0]
    assert (answer["distance"] < 3 * answer["expected_distance"] + 1e-12).all()


@pytest.mark.parametrize("form", ["trajectory", "gain"])
def test_the_optimal_baseline_has_the_least_variance(
    form: Literal["trajectory", "gain"],
) -> None:
    of = partial(rlcalc.gradient, "student", 5000, seed=1, form=form, rows="variance")
    variance = {name: of(baseline=name)["variance"][0] for name in ("none", "mean", "optimal")}

    assert variance["optimal"] < min(variance["none"], variance["mean"])


def test_jobs_change_nothing() -> None:
    """40,000 episodes are three batches."""
    for how in ({"baseline": "optimal"}, {"baseline": "mean", "critic": "estimated"}):
        one, four = (
            rlcalc.gradient("student", 40_000, seed=1, jobs=jobs, **how)  # type: ignore[arg-type]
            for jobs in (1, 4)
        )

        assert one.plain() == four.plain()
        assert one.facts == four.facts


@pytest.mark.filterwarnings("error")
def test_what_is_beyond_all_numbers_has_no_answer() -> None:
    """300,000 episodes are several pieces, and threads do not inherit what numpy passes over."""
    n = 300_000
    data = rlcalc.Trajectories.from_arrays(
        ["class1", "class2"] * n, ["study", "sleep"] * n, np.full(2 * n, 1e308), length=[2] * n
    )
    answer = rlcalc.gradient("student", from_data=data, baseline="mean", jobs=2)

    assert answer.plain()["gradient"][2:4] == [None, None]


def test_without_the_weight_of_discount_it_comes_to_something_else() -> None:
    """d_1(s) π(a|s) A(s,a): the estimates find it, and the facts say how far off it is."""
    mdp = looping()
    setup = softmax_setup(mdp, 60_000, 1, 0.7)
    answer = compare_with_exact(setup, GradientRequest(discount_weight=False))
    answers = answer["gradient"].reshape(4, -1)
    expected, bias = setup.exact.gradient, answer.facts["bias"]
    assert isinstance(bias, float)

    assert bias > 0.02
    assert np.linalg.norm(answers[0] - expected) < bias / 2
    for biased in answers[1:]:
        assert np.linalg.norm(biased - expected) == pytest.approx(bias, rel=0.25)


def test_a_batch_is_as_far_off_as_it_is_told_to_be() -> None:
    """The root mean square of |estimate − ∇J| over 400 updates of 25 episodes."""
    told = rlcalc.gradient("student", 10_000, seed=1, batch=25, rows="variance")
    estimate = [rlcalc.gradient("student", 25, seed=seed) for seed in range(400)]
    expected = estimate[0]["exact"]
    off = np.array([one["gradient"] - expected for one in estimate]).reshape(400, 4, -1)
    answers = np.sqrt((off**2).sum(axis=2).mean(axis=0))

    assert told["batch_distance"] == pytest.approx(answers, rel=0.1)
    scale = told["batch_distance"] ** 2 * 25 / (expected[:8] @ expected[:8])
    assert told["noise_scale"] == pytest.approx(scale)


def test_a_batch_changes_no_estimate() -> None:
    one, other = (rlcalc.gradient("student", 500, seed=1, batch=batch) for batch in (7, 100))

    assert one.plain() == other.plain()
    assert one.facts["noise_scale"] == other.facts["noise_scale"]


def test_rewards_need_no_weight_for_what_comes_after_them() -> None:
    """Episodes of another policy: `gain` weights by less than `trajectory`, and varies less."""
    played = rlcalc.simulate("student", 5000, seed=1, policy="epsilon:0.7", with_prob=True).whole()
    answer = rlcalc.gradient("student", from_data=played, rows="variance")

    assert answer["variance"][1] < 0.5 * answer["variance"][0]
    assert (np.diff(answer["variance"]) < 0).all()
    assert (answer["distance"] < 3 * answer["expected_distance"]).all()


@pytest.mark.parametrize(("world", "how"), [("bandit", {}), ("language", {"level": "sequence"})])
def test_one_step_is_grpo(world: str, how: dict[str, str]) -> None:
    """With the group's mean as baseline: Σ_i ∇ log π(y_i) (r_i − μ) / N, exactly."""
    mdp = (
        mdp_of({(0, a): [(1, 0.5, a), (1, 0.5, -1.0)] for a in range(3)}, 2)
        if world == "bandit"
        else load.load_mdp(world, settings=how)
    )
    start = "0" if world == "bandit" else "1+1="
    group = rlcalc.simulate(mdp, 16, seed=4, start=start).whole()
    weight = Policy.uniform(mdp.expected).weight if mdp.policy is None else mdp.policy
    expected = np.zeros(mdp.n_pairs)
    for i in range(16):
        first, last = mdp.pair_start[group.state[i]], mdp.pair_start[group.state[i] + 1]
        score = (mdp.action[first:last] == group.action[i]) - weight[first:last]
        expected[first:last] += score * (group.reward[i] - group.reward.mean()) / 16
    answer = rlcalc.gradient(mdp, 16, seed=4, start=start, form="gain", baseline="mean")

    assert len(group) == group.n_steps == 16
    assert np.abs(expected).max() > 0.01
    assert answer["gradient"] == pytest.approx(expected, abs=1e-12)
