"""Transitions a second time, plainly: lists of steps (s, a, r, s'), and dense linear systems."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from rlcalc import Trajectories
from tests import reference
from tests.strategies import batches

Step = tuple[str, str, float, str | None]
"""A step with the state that followed; None: the end."""


@dataclass(frozen=True)
class Logged:
    """Trajectories, and how each ended: `end`, a state that followed, or `lost`."""

    trajectories: list[reference.Trajectory]
    ends: list[str]

    def arrays(self) -> Trajectories:
        batch = reference.arrays(
            self.trajectories, truncated=[end not in ("end", "neither") for end in self.ends],
            terminated=[end == "end" for end in self.ends],
        )  # fmt: skip
        last = [-1 if e in ("end", "neither", "lost") else batch.states.code(e) for e in self.ends]
        return Trajectories(**{**vars(batch), "last_state": np.array(last, np.int32)})

    def steps(self) -> list[list[Step]]:
        """The steps whose next state is known, one trajectory after the other."""
        known = []
        for trajectory, end in zip(self.trajectories, self.ends, strict=True):
            following = [s for s, _, _ in trajectory[1:]]
            following.append("?" if end == "lost" else None if end in ("end", "neither") else end)
            known.append(
                [(*step, after) for step, after in zip(trajectory, following, strict=True)]
            )
        while True:
            left = {step[0] for steps in known for step in steps}
            fewer = [[step for step in steps if step[3] in {*left, None}] for steps in known]
            if fewer == known:
                return [steps for steps in known if steps]
            known = fewer


@st.composite
def logs(draw: st.DrawFn, ends: tuple[str, ...] = ("end", "neither", "a", "d", "lost")) -> Logged:
    trajectories = draw(batches(longest=6))
    size = len(trajectories)
    chosen = draw(st.lists(st.sampled_from(ends), min_size=size, max_size=size))
    return Logged(trajectories, ["end", *chosen[1:]])


def solution(
    known: list[list[Step]], gamma: float
) -> tuple[dict[str, tuple[float, float]], dict[tuple[str, str], dict[str, float]]]:
    """V with its error by state; Q and A with their errors by pair: straight from the formulas."""
    every = [step for steps in known for step in steps]
    states = sorted({step[0] for step in every})
    place = {state: i for i, state in enumerate(states)}
    visits, rewards = np.zeros(len(states)), np.zeros(len(states))
    moves = np.zeros((len(states), len(states)))
    for s, _, reward, after in every:
        visits[place[s]] += 1
        rewards[place[s]] += reward
        if after is not None:
            moves[place[s], place[after]] += 1
    system = np.diag(visits) - gamma * moves
    value = np.linalg.solve(system, rewards)
    ahead = {**{s: value[place[s]] for s in states}, None: 0.0}
    targets = defaultdict(list)
    for s, a, reward, after in every:
        targets[s, a].append(reward + gamma * ahead[after])
    q = {pair: np.mean(values) for pair, values in targets.items()}
    size = len(known)
    moved_v, moved_q = np.zeros((size, len(states))), {pair: np.zeros(size) for pair in q}
    for e, steps in enumerate(known):
        residual = np.zeros(len(states))
        for s, _, reward, after in steps:
            residual[place[s]] += reward + gamma * ahead[after] - ahead[s]
        moved_v[e] = np.linalg.solve(system, residual)
    for s, a, _, after in every:
        if after is not None:
            moved_q[s, a] += gamma * moved_v[:, place[after]] / len(targets[s, a])
    for e, steps in enumerate(known):
        for s, a, reward, after in steps:
            gap = reward + gamma * ahead[after] - q[s, a]
            moved_q[s, a][e] += gap / len(targets[s, a])
    scale = np.sqrt(size / (size - 1)) if size > 1 else np.nan
    v = {s: (value[place[s]], scale * np.linalg.norm(moved_v[:, place[s]])) for s in states}
    pairs = {
        pair: {
            "q": q[pair],
            "q_se": scale * np.linalg.norm(moved_q[pair]),
            "a": q[pair] - v[pair[0]][0],
            "a_se": scale * np.linalg.norm(moved_q[pair] - moved_v[:, place[pair[0]]]),
        }
        for pair in q
    }
    return v, pairs
