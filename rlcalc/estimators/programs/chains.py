"""Chains: the steps that an advantage passes through, in their order, whatever was masked.

A convention decides which steps follow each other and which V follows each of them; the recursion
is then the same for all: A_t = δ_t + γλ A_{t+1} along the chain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from rlcalc.errors import InputError
from rlcalc.estimators.advantages.critic_steps import StepNotes, critic_steps
from rlcalc.estimators.advantages.request import AdvantageRequest
from rlcalc.estimators.gain import discounted_sum
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.tokens import Tokens
from rlcalc.trajectories import Trajectories


@dataclass(frozen=True)
class Chain:
    """K of the T steps of a source, in chains laid end to end: chain e is start[e] : start[e+1]."""

    step: Ints  # [K] the number of each step in the source
    start: Ints  # [E + 1] offsets, from 0 to K
    reward: Floats  # [K] r_t
    value: Floats  # [K] V(s_t)
    next_value: Floats  # [K] V of what follows; 0 where nothing does
    base: Floats  # [T] V of every step of the source, for the target of steps in no chain
    border: Ints  # [E + 1] offsets of the trajectories in the source
    cut: Flags  # [E] whether V of what follows the last step bootstraps the chain
    passed: Literal["carry", "zero", "nothing"] = "carry"
    """A of the steps in no chain: that of the next step, 0 or NaN."""
    notes: tuple[str, ...] = ()

    @property
    def n_steps(self) -> int:
        """T, the number of steps of the source."""
        return len(self.base)

    def td_error(self, gamma: float) -> Floats:
        """Return [K] δ_t = r_t + γ V(s_{t+1}) − V(s_t)."""
        return self.reward + gamma * self.next_value - self.value

    def advantage(self, gamma: float, lambda_: float, *, float32: bool = False) -> Floats:
        """Return [K] A_t = δ_t + γλ A_{t+1}, within each chain.

        Args:
            gamma: 0..1 a step.
            lambda_: 0..1.
            float32: γ, λ and γλ are rounded to float32, as where tensors hold them.

        Source: Schulman et al. (2016), eq. 16.
        """
        decay = gamma * lambda_
        if float32:
            discount, trace = np.float32(gamma), np.float32(lambda_)
            gamma, decay = float(discount), float(discount * trace)
        return discounted_sum(self.td_error(gamma), self.start, decay)

    def gain(self, gamma: float) -> Floats:
        """Return [K] G_t = r_t + γ G_{t+1}, with V of what follows after a chain's last step."""
        last = self.start[1:] - 1
        lengths = np.diff(self.start)
        tail = np.where(lengths > 0, np.append(self.next_value, 0.0)[last], 0.0)
        return discounted_sum(self.reward, self.start, gamma, tail)

    def bootstrap_weight(self, gamma: float, lambda_: float) -> Floats:
        """Return [K] the weight (γλ)^k in a target of the V after a cut, k steps on."""
        at_cut = np.zeros(len(self.step))
        at_cut[self.start[1:][self.cut] - 1] = 1.0
        return discounted_sum(at_cut, self.start, gamma * lambda_)

    def spread(self, values: Floats) -> Floats:
        """Return [T] the values of the steps; NaN for those in no chain."""
        if len(self.step) == self.n_steps:
            return values
        everywhere = np.full(self.n_steps, np.nan)
        everywhere[self.step] = values
        return everywhere

    def of_all(self, advantage: Floats) -> tuple[Floats, Floats]:
        """Return [T] A and [T] A + V of every step, those in no chain included."""
        if len(self.step) == self.n_steps:
            return advantage, advantage + self.value
        none = np.nan if self.passed == "nothing" else 0.0
        everywhere, target = np.full(self.n_steps, none), np.full(self.n_steps, none)
        if self.passed == "carry":
            length = np.diff(self.border)
            following = np.searchsorted(self.step, np.arange(self.n_steps))
            in_same = following < np.repeat(self.start[1:], length)
            everywhere = np.where(in_same, np.append(advantage, 0.0)[following], 0.0)
            target = everywhere + self.base
        everywhere[self.step] = advantage
        target[self.step] = advantage + self.value
        return everywhere, target


def chain_of_steps(
    batch: Trajectories,
    truncation: Literal["bootstrap", "terminate"] = "bootstrap",
    unknown_end: str | None = None,
) -> Chain:
    """Return the chain of trajectories: every step, cut where a trajectory ends.

    Args:
        batch: with `value`, and with `last_value` where a trajectory is truncated.
        truncation: what follows a truncated step: V of the state that really followed, or nothing.
        unknown_end: how to treat ends after which V is not known, as `advantage` does.

    Raises:
        InputError: V of what follows is needed and is not known.
    """
    over = batch.terminated
    if truncation == "terminate":
        over = over | batch.flagged_truncated
    request = AdvantageRequest(unknown_end=unknown_end)
    notes = StepNotes()
    steps, used = critic_steps(replace(batch, terminated=over), request, 1.0, notes)
    start = np.concatenate([[0], np.cumsum(used)])[batch.start].astype(np.int64)
    return Chain(
        np.flatnonzero(used),
        start,
        batch.reward[used],
        steps.value[used],
        steps.next_value[used],
        steps.value,
        batch.start,
        steps.cut & (np.diff(start) > 0),
        "nothing",
        tuple(notes.texts()),
    )


def chain_of_tokens(
    tokens: Tokens,
    tool: str = "carry",
    *,
    full_rows: bool = False,
    width: int | None = None,
) -> Chain:
    """Return the chain of rollouts of a language model: nothing follows the last token.

    Args:
        tokens: with `value`, and `reward` of tokens or `score` of rollouts, which is the reward of
            the last token that counts.
        tool: one of `TOOLS`.
        full_rows: as AReaL has it: rollouts of `width` tokens bootstrap from V of their last token;
            the last column is in no chain; a `score` is the reward of the token before the last,
            and the mask is then shifted to the token that is predicted.
        width: of the batch; default the longest rollout.

    Raises:
        InputError: there are no rewards, no values, or no token counts.
    """
    reward = reward_of_tokens(tokens, tool, before_last=full_rows)
    value = tokens.value if tokens.old_value is None else tokens.old_value
    if value is None:
        raise InputError(
            "there is no column of values of tokens",
            tokens.source,
            "give a list column values with V of each token, or --columns value=COLUMN",
        )
    mask = tokens.mask
    if not mask.any():
        raise InputError(
            "the mask masks every token",
            tokens.source,
            "give 1 for the tokens of the model, or leave out the column of the mask",
        )
    if full_rows and tokens.reward is None:
        mask = np.append(mask[1:], False)
        mask[tokens.start[1:][tokens.size > 0] - 1] = False
    if tool == "zero":
        reward, value = np.where(mask, reward, 0.0), np.where(mask, value, 0.0)
    if tool in ("zero", "plain"):
        step, start = np.arange(len(mask)), tokens.start
    else:
        if full_rows:
            widest = int(tokens.size.max(initial=0)) if width is None else width
            full = unpadded_size(tokens) == widest
            mask = mask.copy()
            mask[tokens.start[1:][(tokens.size == widest) & (tokens.size > 0)] - 1] = False
        step = np.flatnonzero(mask)
        start = np.concatenate([[0], np.cumsum(mask)])[tokens.start].astype(np.int64)
    _require_finite(tokens, step, reward, "reward")
    _require_finite(tokens, step, value, "value")
    values = value[step]
    following = np.append(values[1:], 0.0)
    filled = np.diff(start) > 0
    following[start[1:][filled] - 1] = 0.0
    bootstraps = filled & full if full_rows else filled & False
    if full_rows:
        following[start[1:][bootstraps] - 1] = value[tokens.start[1:][bootstraps] - 1]
    return Chain(
        step,
        start,
        reward[step],
        values,
        following,
        np.nan_to_num(value, nan=0.0),
        tokens.start,
        bootstraps,
        "zero" if tool == "compress" else "carry",
    )


def unpadded_size(tokens: Tokens) -> Ints:
    """Return [N] the tokens of each rollout without its padding: masked, with V = 0 and r = 0.

    An attention mask is asked first. Rollouts of several lengths are not padded.
    """
    if tokens.unpadded is not None:
        return tokens.unpadded
    if len(np.unique(tokens.size)) > 1:
        return tokens.size
    used = tokens.mask.copy()
    for values in (tokens.value, tokens.old_value, tokens.reward):
        if values is not None:
            used |= values != 0
    some = np.flatnonzero(used)
    last = np.append(some, -1)[np.searchsorted(some, tokens.start[1:]) - 1]
    size: Ints = np.maximum(last - tokens.start[:-1] + 1, 0)
    return size


def reward_of_tokens(tokens: Tokens, tool: str, *, before_last: bool = False) -> Floats:
    """Return [T] the reward of each token; that of a rollout is the reward of its last token.

    That is the last token that counts; under `plain` the last of all, as in slime.

    Raises:
        InputError: there are neither rewards of tokens nor of rollouts.
    """
    if tokens.reward is not None:
        return tokens.reward
    if tokens.score is None:
        raise InputError(
            "there is no column of rewards",
            tokens.source,
            "give rewards: a number a rollout, or a list with one a token (token_level_rewards)",
        )
    reward = np.zeros(len(tokens.mask))
    last = tokens.start[:-1] + np.maximum(unpadded_size(tokens) - 1, 0)
    if tool != "plain" and not before_last:
        counted = np.flatnonzero(tokens.mask)
        place = np.searchsorted(counted, tokens.start[1:]) - 1
        candidate = counted[np.maximum(place, 0)] if len(counted) else last
        last = np.where((place >= 0) & (candidate >= tokens.start[:-1]), candidate, last)
    elif before_last:
        last = tokens.start[:-1] + np.maximum(unpadded_size(tokens) - 2, 0)
    some = tokens.size > 0
    reward[last[some]] = tokens.score[some]
    return reward


def _require_finite(tokens: Tokens, step: Ints, values: Floats, name: str) -> None:
    wrong = step[~np.isfinite(values[step])]
    if len(wrong):
        raise InputError(
            f"the {name} of a token is {values[wrong[0]]:g}, expected a finite number",
            tokens.where(int(wrong[0])),
            f"correct the {name}, or mask the token (0 in the mask)",
        )


def continued(batch: Trajectories, over: Flags) -> Chain:
    """Return the chain of a program that does not cut at some ends.

    Args:
        batch: with `value`; trajectories of one environment stand after each other.
        over: [E] the trajectories whose end the program sees; the others go on in the next.
    """
    whole = chain_of_steps(batch, "terminate", "terminated")
    last = batch.start[1:] - 1
    row = np.arange(batch.n_steps) if batch.row is None else batch.row
    follows = np.append(row[batch.start[1:-1]] > row[last[:-1]], False)
    goes_on = ~over & follows
    following = whole.next_value.copy()
    following[last[goes_on]] = whole.value[last[goes_on] + 1]
    start = np.append(0, batch.start[1:][~goes_on])
    return replace(whole, start=start, next_value=following, cut=np.zeros(len(start) - 1, bool))
