"""The peers' loops, step by step and written anew: the independent route to each convention."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]


def gae_of_buffer(
    reward: Table,
    value: Table,
    ended: Table,
    last_value: Table,
    gamma: float,
    lambda_: float,
) -> Table:
    """CleanRL and SB3: ended[t] tells whether nothing of step t + 1 belongs to step t."""
    steps, envs = reward.shape
    advantage = np.zeros((steps, envs))
    for n in range(envs):
        ahead = 0.0
        for t in reversed(range(steps)):
            follows = last_value[n] if t == steps - 1 else value[t + 1, n]
            goes_on = 1.0 - ended[t, n]
            error = reward[t, n] + gamma * follows * goes_on - value[t, n]
            ahead = error + gamma * lambda_ * goes_on * ahead
            advantage[t, n] = ahead
    return advantage


def gae_of_paths(
    reward: Table,
    value: Table,
    following: Table,
    terminated: Table,
    cut: Table,
    gamma: float,
    lambda_: float,
) -> Table:
    """Tianshou and torchrl: V' of every step, zeroed where it terminates, A cut at either flag."""
    advantage = np.zeros(len(reward))
    ahead = 0.0
    for t in reversed(range(len(reward))):
        error = reward[t] + gamma * following[t] * (1 - terminated[t]) - value[t]
        ahead = error + gamma * lambda_ * (1 - cut[t]) * ahead
        advantage[t] = ahead
    return advantage


def token_gae(
    reward: Table, value: Table, mask: Table, gamma: float, lambda_: float, rule: str
) -> tuple[Table, Table]:
    """The four rules of masked tokens, row by row: A and A + V."""
    rows, width = reward.shape
    advantage, target = np.zeros((rows, width)), np.zeros((rows, width))
    for i in range(rows):
        r, v = reward[i], value[i]
        if rule == "zero":
            r, v = r * mask[i], v * mask[i]
        places = [t for t in range(width) if rule != "compress" or mask[i, t]]
        follows = ahead = 0.0
        for t in reversed(places):
            here = r[t] + gamma * follows - v[t] + gamma * lambda_ * ahead
            if rule != "carry" or mask[i, t]:
                follows, ahead = v[t], here
            advantage[i, t] = ahead
            target[i, t] = ahead + v[t]
    return advantage, target


def areal(
    reward: Table, value: Table, mask: Table, size: Any, gamma: float, lambda_: float
) -> tuple[Table, Table]:
    """AReaL: rows of the full width bootstrap from the last column, which has no advantage."""
    rows, width = reward.shape
    advantage = np.zeros((rows, width))
    for i in range(rows):
        follows = value[i, width - 1] if size[i] == width else 0.0
        ahead = 0.0
        for t in reversed(range(width - 1)):
            here = reward[i, t] + gamma * follows - value[i, t] + gamma * lambda_ * ahead
            follows = value[i, t] if mask[i, t] else follows
            ahead = here if mask[i, t] else ahead
            advantage[i, t] = ahead
    return advantage, advantage + value


def masked_whiten(advantage: Table, mask: Table, ddof: int, epsilon: float) -> Table:
    """Verl (ddof 1): √(variance + ε) beneath."""
    n = mask.sum()
    mean = (advantage * mask).sum() / n
    variance = ((advantage - mean) ** 2 * mask).sum() / n * (n / (n - ddof))
    return (advantage - mean) / np.sqrt(variance + epsilon)
