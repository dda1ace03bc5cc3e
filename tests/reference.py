"""The same estimators a second time, as slowly and as plainly as possible.

Straight from the definitions: direct sums of powers of γ, lists of gains, sums over trajectories.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from statistics import fmean

import numpy as np

from rlcalc import Trajectories

Trajectory = list[tuple[str, str, float]]


def arrays(trajectories: Iterable[Trajectory], **optional: object) -> Trajectories:
    """Lists of (state, action, reward) as the library wants them."""
    steps = [step for trajectory in trajectories for step in trajectory]
    lengths = [len(trajectory) for trajectory in trajectories]
    state, action, reward = zip(*steps, strict=True)
    return Trajectories.from_arrays(state, action, reward, length=lengths, **optional)  # type: ignore[arg-type]


def gains(trajectory: Trajectory, gamma: float, tail: float = 0.0) -> list[float]:
    """G_t = Σ_i γ^i r_{t+i} + γ^(n+1−t) tail, by direct summation."""
    rewards = [reward for _, _, reward in trajectory]
    n = len(rewards)
    return [
        math.fsum([*(gamma**i * rewards[t + i] for i in range(n - t)), gamma ** (n - t) * tail])
        for t in range(n)
    ]


def estimates(
    trajectories: list[Trajectory], gamma: float, visit: str
) -> tuple[dict[str, dict[str, float]], dict[tuple[str, str], dict[str, float]]]:
    """V by state, Q and A by pair: value, standard error, n; NaN where there is no error."""
    by_state: dict[str, dict[int, list[float]]] = defaultdict(dict)
    by_pair: dict[tuple[str, str], dict[int, list[float]]] = defaultdict(dict)
    for number, trajectory in enumerate(trajectories):
        for (state, action, _), gain in zip(trajectory, gains(trajectory, gamma), strict=True):
            for groups, key in ((by_state, state), (by_pair, (state, action))):
                seen = groups[key].setdefault(number, [])  # type: ignore[index]
                if visit == "every" or not seen:
                    seen.append(gain)
    v = {state: _mean(groups) for state, groups in by_state.items()}
    q = {}
    for pair, groups in by_pair.items():
        answer = _mean(groups)
        of_state = by_state[pair[0]]
        total = sum(map(len, groups.values()))
        state_total = sum(map(len, of_state.values()))
        moved = {
            e: sum(g - answer["value"] for g in groups.get(e, [])) / total
            - sum(g - v[pair[0]]["value"] for g in of_state[e]) / state_total
            for e in of_state
        }
        n, others = len(groups), len(of_state) - len(groups)
        inside = math.fsum(x * x for e, x in moved.items() if e in groups)
        outside = math.fsum(x * x for e, x in moved.items() if e not in groups)
        answer["a"] = answer["value"] - v[pair[0]]["value"]
        answer["a_se"] = math.nan
        if n > 1:
            outside *= others / (others - 1) if others > 1 else 2
            answer["a_se"] = math.sqrt(n / (n - 1) * inside + outside)
        q[pair] = answer
    return v, q


def _mean(groups: dict[int, list[float]]) -> dict[str, float]:
    every = [gain for gains_ in groups.values() for gain in gains_]
    mean, n = math.fsum(every) / len(every), len(groups)
    squares = math.fsum(
        math.fsum(gain - mean for gain in gains_) ** 2 for gains_ in groups.values()
    )
    se = math.sqrt(n / (n - 1) * squares) / len(every) if n > 1 else math.nan
    if all(len(gains_) == 1 for gains_ in groups.values()) and n > 1:
        assert se == np.float64(se)
        assert math.isclose(se, np.std(every, ddof=1) / math.sqrt(n), rel_tol=1e-9, abs_tol=1e-12)
    return {"value": mean, "se": se, "n": len(every), "check": fmean(every)}
