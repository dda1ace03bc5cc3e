"""A 95 % interval of ce covers the truth in 93 to 97 % of all data sets, on three worlds."""

from collections import defaultdict

import numpy as np
import pytest

import rlcalc
from rlcalc import Trajectories
from tests.estimators import test_monte_carlo_coverage as loops
from tests.estimators.off_policy import worlds

Truth = dict[tuple[str, str], dict[str, float]]


def loops_world(episodes: int) -> tuple[Trajectories, Truth, float]:
    value, q = loops.exact()
    truth = {
        (str(s), str(a)): {"v": value[s], "q": q[s, a], "a": q[s, a] - value[s]}
        for s in range(3)
        for a in range(2)
    }
    return loops.play(np.random.default_rng(20), episodes), truth, loops.GAMMA


def random_world(episodes: int) -> tuple[Trajectories, Truth, float]:
    world = worlds.loops()
    return of_model(world.model, episodes, world.gamma)


def student_world(episodes: int) -> tuple[Trajectories, Truth, float]:
    return of_model("student", episodes, 1.0)


def of_model(model: object, episodes: int, gamma: float) -> tuple[Trajectories, Truth, float]:
    exact = rlcalc.solve(model, policy="uniform", gamma=gamma)
    truth = {(str(r["state"]), str(r["action"])): r for r in exact.rows()}
    return rlcalc.simulate(model, episodes, seed=7, policy="uniform").whole(), truth, gamma


@pytest.mark.slow
@pytest.mark.parametrize("size", [50, 300])
@pytest.mark.parametrize(
    ("world", "letters"), [(loops_world, "vqa"), (random_world, "vqa"), (student_world, "v")]
)
def test_intervals_cover_the_truth(world: object, letters: str, size: int) -> None:
    """2,000 data sets: a share of 0.95 has a standard error of 0.5 %.

    The gains of `student` are skew, and its Q partly certain, so that of 50 trajectories the
    intervals of Q and A cover 92.5 to 98 %.
    """
    data_sets = 2000
    batch, truth, gamma = world(data_sets * size)  # type: ignore[operator]
    hits: dict[tuple[str, ...], list[bool]] = defaultdict(list)
    for n in range(data_sets):
        part = batch.cut(n * size, (n + 1) * size)
        result = rlcalc.estimate(part, gamma=gamma, method="ce", jobs=1)
        rows = list(zip(map(str, result["state"]), map(str, result["action"]), strict=True))
        for letter in letters:
            low, high = result[f"{letter}_low"], result[f"{letter}_high"]
            for row, least, most in zip(rows, low, high, strict=True):
                if most > least:  # not the advantage of a state's only action
                    hits[letter, *row].append(bool(least <= truth[row][letter] <= most))
    for key, inside in hits.items():
        share = np.mean(inside)

        assert len(inside) > 0.99 * data_sets
        assert 0.93 < share < 0.975, (key, share)
