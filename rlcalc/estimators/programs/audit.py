"""Audit: which convention, γ and λ reproduce the advantages that a buffer holds.

A convention is a chain of steps. Along it A_t − (r_t − V_t) = γ V'_t + γλ A_{t+1} is linear in γ
and γλ, so both are read off by least squares instead of searched; of whitened advantages
A = s A' + m there are three unknowns more. Steps that do not fit lose their weight: least absolute
deviations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from rlcalc.estimators.programs import PROGRAMS, Whitening
from rlcalc.estimators.programs.chains import Chain
from rlcalc.estimators.programs.compute import whitened
from rlcalc.numerics.arrays import Flags, Floats

FLOAT32 = 2e-5
"""The error that float32 explains, relative to the typical size of what was added."""

NONE = 1e-7
"""A γ that is read off as less is 0."""

ROUNDS = 30
USUAL = ((0.99, 0.95), (1.0, 1.0), (0.99, 0.97), (0.99, 1.0))
FEW = 16
"""So few steps may not tell γ and λ: usual ones are tried too."""
MOST = 1 << 17
"""The most steps from which γ and λ are read off; all are compared."""

ENOUGH = 0.5
"""A convention is claimed where it reproduces more than this share of the advantages."""

WHITENED: tuple[tuple[str | None, Whitening | None], ...] = (
    (None, None),
    ("whitened, ddof 1, 1e-8 in the root", PROGRAMS["verl"].whitening),
    ("whitened, ddof 0, floor 1e-8", PROGRAMS["openrlhf"].whitening),
)


@dataclass(frozen=True)
class Candidate:
    """A convention that may have made the advantages: its chain, and what it is called."""

    label: str
    chain: Chain
    programs: tuple[str, ...] = ()  # those whose chain this is, whatever they whiten

    def named(self, whitening: str | None) -> list[str]:
        """Return the programs that compute so, with this whitening."""
        how = dict(WHITENED)[whitening]
        ddof = None if how is None else how.ddof
        theirs = {name: program.whitening for name, program in PROGRAMS.items()}
        return [
            name
            for name in self.programs
            if ddof == (None if (own := theirs.get(name)) is None else own.ddof)
        ]


@dataclass(frozen=True)
class Fit:
    """How a convention with its γ, λ and whitening compares with the logged advantages."""

    candidate: Candidate
    gamma: float
    lambda_: float
    whitening: str | None
    advantage: Floats  # [T]
    fits: Flags  # [T] of the compared steps

    @property
    def n(self) -> int:
        """The number of steps that fit."""
        return int(self.fits.sum())


def best_fit(
    candidates: Iterable[Candidate],
    logged: Floats,
    counted: Flags,
    gamma: float | None,
    lambda_: float | None,
) -> tuple[Fit, list[Fit]]:
    """Return the fit of the convention that reproduces most advantages, and all that do as well.

    The first that reproduces all of them is the answer; the others are compared with its γ and λ.

    Args:
        candidates: conventions, one or more, the most usual first.
        logged: [T] the advantages of the buffer.
        counted: [T] the steps to compare.
        gamma: as given; None: read off.
        lambda_: as given; None: read off.
    """
    fits: list[Fit] = []
    known, n = list(candidates), int(counted.sum())
    for candidate in known:
        for label, whitening in WHITENED:
            if whitening is not None and n <= whitening.ddof:
                continue
            for pair in _parameters(candidate.chain, logged, gamma, lambda_, whitening):
                fit = _compared(candidate, *pair, label, whitening, logged, counted)
                if fit.n == n:
                    others = (other for other in known if other is not candidate)
                    same = [
                        _compared(other, *pair, label, whitening, logged, counted)
                        for other in others
                    ]
                    return fit, [fit, *(other for other in same if other.n == n)]
                fits.append(fit)
    best = max(fits, key=lambda fit: fit.n)
    return best, [fit for fit in fits if fit.n == best.n]


def _compared(
    candidate: Candidate,
    gamma: float,
    lambda_: float,
    label: str | None,
    whitening: Whitening | None,
    logged: Floats,
    counted: Flags,
) -> Fit:
    advantage, _ = candidate.chain.of_all(candidate.chain.advantage(gamma, lambda_))
    if whitening is not None:
        advantage = whitened(advantage, whitening, counted)
    return Fit(
        candidate,
        gamma,
        lambda_,
        label,
        advantage,
        counted & close(advantage, logged, tolerance_of(candidate.chain, logged, counted)),
    )


def tolerance_of(chain: Chain, logged: Floats, counted: Flags) -> float:
    """Return the difference that float32 explains."""
    typical = [np.abs(chain.value), np.abs(logged[counted & np.isfinite(logged)])]
    return FLOAT32 * max(1.0, *(float(np.median(sizes)) for sizes in typical if len(sizes)))


def close(advantage: Floats, logged: Floats, tolerance: float) -> Flags:
    """Return [T] whether two advantages differ by no more than rounding."""
    same: Flags = np.abs(advantage - logged) <= tolerance + FLOAT32 * np.abs(logged)
    return same


def _parameters(
    chain: Chain,
    logged: Floats,
    gamma: float | None,
    lambda_: float | None,
    whitening: Whitening | None,
) -> Iterator[tuple[float, float]]:
    """Yield the pairs of γ and λ to try: those that were given, and those that are read off."""
    if gamma is not None and lambda_ is not None:
        yield gamma, lambda_
    else:
        yield (1.0 if gamma is None else gamma), (0.95 if lambda_ is None else lambda_)
    if gamma is None and lambda_ is None and len(chain.step) < FEW:
        yield from USUAL
    solved = solve(chain, logged, gamma, whitening is not None)
    if solved is None:
        return
    for digits in (3, 4, 6):
        pair = (
            round(solved[0], digits) + 0.0 if gamma is None else gamma,
            round(solved[1], digits) + 0.0 if lambda_ is None else lambda_,
        )
        if all(0 <= one <= 1 for one in pair):
            yield pair
    if gamma is not None or lambda_ is not None:
        free = solve(chain, logged, None, whitening is not None)
        if free is not None and all(0 <= round(one, 4) <= 1 for one in free):
            yield round(free[0], 4) + 0.0, round(free[1], 4) + 0.0


def solve(
    chain: Chain, logged: Floats, gamma: float | None, is_whitened: bool
) -> tuple[float, float] | None:
    """Return the γ and λ that explain advantages along a chain; None: nothing tells them.

        A_t − r_t + V_t = γ V'_t + γλ A_{t+1};   whitened, with A = s A' + m:
        A'_t = p (r_t − V_t) + q V'_t + b A'_{t+1} + u [t has a successor] + w,
        γ = q/p,  λ = b/γ

    Args:
        chain: the steps in their order.
        logged: [T] the advantages.
        gamma: as given; None: an unknown.
        is_whitened: whether the advantages were moved and scaled.
    """
    a = logged[chain.step]
    ahead = np.append(a[1:], 0.0)
    inner = np.ones(len(a))
    last = chain.start[1:][np.diff(chain.start) > 0] - 1
    ahead[last], inner[last] = 0.0, 0.0
    base = chain.reward - chain.value
    known = np.isfinite(a) & np.isfinite(ahead)
    if is_whitened:
        columns = [base, chain.next_value, ahead, inner, np.ones(len(a))]
        response = a
        if gamma is not None:
            columns = [base + gamma * chain.next_value, *columns[2:]]
    elif gamma is None:
        columns, response = [chain.next_value, ahead], a - base
    else:
        columns, response = [ahead], a - base - gamma * chain.next_value
    some = np.flatnonzero(known)[:MOST]
    design = np.stack([column[some] for column in columns], axis=1)
    y = response[some]
    if len(y) < design.shape[1] or not design.any():
        return None
    answer = _least_absolute(design, y)
    if not is_whitened:
        discount = float(answer[0]) if gamma is None else gamma
        decay = float(answer[-1])
    else:
        scale = float(answer[0])
        if not scale:
            return None
        discount = float(answer[1]) / scale if gamma is None else gamma
        decay = float(answer[2 if gamma is None else 1])
    if not np.isfinite(discount) or not np.isfinite(decay):
        return None
    if abs(discount) < NONE:
        return 0.0, 0.0  # where γ = 0, λ is of no effect
    return discount, decay / discount


def _least_absolute(design: Floats, y: Floats) -> Floats:
    """Return the coefficients with the least sum of absolute errors, by reweighting."""
    weight = np.ones(len(y))
    answer: Floats = np.zeros(design.shape[1])
    for _ in range(ROUNDS):
        root = np.sqrt(weight)
        previous = answer
        answer = np.asarray(
            np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0], np.float64
        )
        if np.allclose(answer, previous, rtol=1e-12, atol=1e-14):
            break
        error = np.abs(design @ answer - y)
        weight = 1 / np.maximum(error, 1e-9 * (1 + np.abs(y).max(initial=0.0)))
    return answer
