"""Candidates: the conventions that an audit tries, those of trainers and similar ones."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from rlcalc.groups.advantages import ESTIMATORS
from rlcalc.groups.advantages.convention import Convention, Scale, Single, Whiten
from rlcalc.groups.advantages.trainers import OPENRLHF_TOKENS, VERL_TOKENS
from rlcalc.groups.groups import Groups

EPSILONS = (1e-4, 1e-5, 1e-6, 1e-8, 1e-9)
USUAL = ((1e-4, 1), (1e-5, 1), (1e-6, 1), (1e-6, 0), (1e-8, 0), (1e-9, 1))
"""The ε and ddof of trainers; other combinations come after them."""


def candidates(groups: Groups) -> list[Convention]:
    """Return the conventions that an audit tries, the plainest first."""
    rollouts, target = groups.rollouts, groups.rollouts.advantage
    assert target is not None
    singles: list[Single] = ["zero", "raw"] if (groups.n_scored == 1).any() else ["zero"]
    if len(singles) > 1 and np.isnan(target).any():
        singles.append("none")
    numbers = list(dict.fromkeys([*USUAL, *product(EPSILONS, (1, 0))]))
    whitens = [Whiten(ddof=d, epsilon=e, centre=c) for (e, d), c in product(numbers, (True, False))]
    scales: tuple[Scale, ...] = ("group", "batch")
    tokens = (VERL_TOKENS, OPENRLHF_TOKENS)
    conventions = [
        *(Convention("grpo", e, d, single=one) for (e, d), one in product(numbers, singles)),
        *(Convention(name, single=one) for name in ("dr-grpo", "rloo") for one in singles),
        *(Convention("grpo", epsilon, leave_one_out=True) for epsilon in EPSILONS),
        *(Convention("grpo", epsilon, ddof, scale="batch") for epsilon, ddof in numbers),
        *(Convention("rloo-scaled", 1e-4, scale=scale) for scale in scales),
        Convention("rloo-whitened", whiten=Whiten(epsilon=1e-4)),
        *(Convention("batch", whiten=whiten) for whiten in whitens if whiten.centre),
        Convention("batch", scale="none"),
        *(Convention("reinforce++", whiten=whiten) for whiten in tokens),
        *(
            Convention("reinforce++-baseline", whiten=whiten, single=one)
            for whiten in (*tokens, *whitens)
            for one in (singles if whiten == VERL_TOKENS else singles[:1])
        ),
        *(Convention("maxrl", epsilon, single=one) for epsilon in (0.0, 1e-6) for one in singles),
        *(Convention(name, single=one) for name in ("opo", "gpg") for one in singles),
        *(Convention(name) for name in ("pass-k", "remax", "reinforce")),
    ]
    tried = {how.estimator for how in conventions}
    conventions += [
        Convention(name)
        for name, estimator in ESTIMATORS.items()
        if name not in (*tried, "gdpo") and "k" not in estimator.uses  # nobody says which k
    ]
    if len(rollouts.rewards) > 1:
        conventions += [Convention("gdpo", e, whiten=Whiten(epsilon=e)) for e in EPSILONS]
        conventions += [Convention("gdpo", whiten=VERL_TOKENS)]
        conventions += [Convention("gdpo", leave_one_out=True, whiten=Whiten(epsilon=0.0))]
    if (np.isnan(rollouts.reward) & (np.abs(target) > 0)).any():
        conventions += [replace(how, unscored="counts as 0") for how in conventions]
    return conventions
