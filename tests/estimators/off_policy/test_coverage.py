"""A 95 % interval that is shown covers the value in 93 to 97 % of all logs, or it is withheld."""

from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

import rlcalc
from tests.estimators.off_policy.worlds import World, bandit, heavy, loops, rare

METHODS = ("ce", "dr", "pdis", "wpdis", "is", "wis")


class Coverage(NamedTuple):
    shown: float  # the share of logs whose interval is shown
    covers: float  # the share of these that contain the value
    normal: float  # the share of all logs whose interval of 1.96 se does


def coverage(make: Callable[[], World], size: int, logs: int) -> dict[str, Coverage]:
    world = make()
    value, batch = world.value, world.play(size * logs, seed=21)
    shown: dict[str, list[bool]] = defaultdict(list)
    inside: dict[str, list[bool]] = defaultdict(list)
    normal: dict[str, list[bool]] = defaultdict(list)
    for n in range(logs):
        part = batch.cut(n * size, (n + 1) * size)
        result = rlcalc.evaluate(
            part, policy=world.target, gamma=world.gamma, method=METHODS, jobs=1
        )
        for row in result.rows():
            name, low, high = row["method"], row["low"], row["high"]
            shown[name].append(low is not None)
            if low is not None:
                inside[name].append(low <= value <= high)
            if row["value"] is not None:
                normal[name].append(abs(row["value"] - value) <= 1.96 * row["se"])
    return {
        name: Coverage(
            float(np.mean(shown[name])),
            float(np.mean(inside[name])) if inside[name] else np.nan,
            float(np.mean(normal[name])),
        )
        for name in METHODS
    }


@pytest.mark.slow
@pytest.mark.parametrize("size", [50, 300, 2000])
@pytest.mark.parametrize("make", [loops, heavy, rare, bandit])
def test_shown_intervals_cover_the_value(make: Callable[[], World], size: int) -> None:
    """2,000 logs (400 of the largest): what is shown in fewer than 60 of them is not counted."""
    logs = 2000 if size < 2000 else 400
    for name, answer in coverage(make, size, logs).items():
        n = answer.shown * logs
        if n >= 60:
            error = np.sqrt(0.95 * 0.05 / n)

            assert 0.93 - 2 * error < answer.covers < 0.97 + 2 * error, (name, answer)


def test_ce_is_shown_and_covers_where_the_log_loops() -> None:
    answer = coverage(loops, 60, 150)["ce"]

    assert answer.shown == 1
    assert answer.covers > 0.9


def test_the_gates_close_where_normal_intervals_break() -> None:
    """With E[ρ²] = 81 and 300 episodes normal intervals hold half of the time."""
    answer = coverage(heavy, 300, 100)

    for name in ("pdis", "wpdis", "is", "wis"):
        assert answer[name].normal < 0.8
        assert answer[name].shown == 0
    assert answer["ce"].shown > 0.5


def test_the_gate_of_ce_closes_where_pairs_are_nearly_unseen() -> None:
    answer = coverage(rare, 50, 100)["ce"]

    assert answer.normal < 0.8
    assert answer.shown < 0.1
