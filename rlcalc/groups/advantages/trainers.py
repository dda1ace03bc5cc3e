"""Trainers: the convention behind each name of an estimator, by trainer. No numpy is loaded.

They are read from the trainers' code, at the versions that `rlcalc manual trainers` names. The
first estimator of a trainer is its default. A new trainer is one entry of TRAINERS.
"""

from __future__ import annotations

from rlcalc.errors import UsageError, nearest, shown
from rlcalc.groups.advantages import ESTIMATORS
from rlcalc.groups.advantages.convention import Convention, Unscored, Whiten

VERL_TOKENS = Whiten("tokens", ddof=1, epsilon=1e-8, floor="root")
OPENRLHF_TOKENS = Whiten("tokens", ddof=0, epsilon=1e-8, floor="max")


def _by_estimator(*conventions: Convention) -> dict[str, Convention]:
    return {convention.estimator: convention for convention in conventions}


def _trl(unscored: Unscored, epsilon: float) -> dict[str, Convention]:
    """Return the conventions of TRL, whose GRPO ms-swift took over."""
    return _by_estimator(
        Convention("grpo", 1e-4, unscored=unscored),
        Convention("dr-grpo", unscored=unscored),
        Convention("rloo", unscored=unscored),
        Convention("gdpo", epsilon, whiten=Whiten(epsilon=epsilon), unscored=unscored),
    )


TRAINERS: dict[str, dict[str, Convention]] = {
    "trl": {
        **_trl("gets 0", 1e-4),
        **_by_estimator(
            Convention("rloo-whitened", unscored="gets 0", whiten=Whiten(epsilon=1e-4))
        ),
    },
    "verl": _by_estimator(
        Convention("grpo", 1e-6, single="raw"),
        Convention("dr-grpo", single="raw"),
        Convention("rloo", single="raw"),
        Convention("reinforce++", whiten=VERL_TOKENS),
        Convention("reinforce++-baseline", single="raw", whiten=VERL_TOKENS),
        Convention("remax"),
        Convention("opo", single="raw"),
        Convention("gpg", single="raw"),
        Convention("pass-k", 1e-6, single="none"),
        Convention("gdpo", 1e-6, single="raw", whiten=VERL_TOKENS),
    ),
    "openrlhf": _by_estimator(
        Convention("grpo", 1e-9, single="none"),
        Convention("dr-grpo"),
        Convention("rloo", single="none"),
        Convention("reinforce++", whiten=OPENRLHF_TOKENS),
        Convention("reinforce++-baseline", whiten=OPENRLHF_TOKENS),
        Convention("batch", scale="none"),
    ),
    "skyrl": _by_estimator(
        Convention("grpo", 1e-6, single="raw"),
        Convention("dr-grpo", single="raw"),
        Convention("rloo"),
        Convention("reinforce++", whiten=VERL_TOKENS),
        Convention("maxrl", 1e-6, single="raw"),
    ),
    "ms-swift": {
        **_trl("counts as 0", 1e-8),
        **_by_estimator(
            Convention("rloo-scaled", 1e-4, unscored="counts as 0"),
            Convention(
                "reinforce++-baseline",
                unscored="counts as 0",
                whiten=Whiten(epsilon=1e-4, centre=False),
            ),
        ),
    },
    "rllm": _by_estimator(
        Convention("grpo", 1e-6, ddof=0, single="raw"),
        Convention("dr-grpo", single="raw"),
        Convention("rloo", single="raw"),
        Convention("reinforce"),
        Convention("batch", whiten=Whiten(ddof=0, epsilon=1e-6)),
        Convention("reinforce++-baseline", whiten=Whiten(ddof=0, epsilon=1e-6, centre=False)),
    ),
    "art": _by_estimator(Convention("grpo", 1e-6, ddof=0), Convention("dr-grpo")),
    "open-instruct": _by_estimator(Convention("dr-grpo"), Convention("grpo", 1e-8, ddof=0)),
    "slime": _by_estimator(Convention("grpo", 1e-6, single="none"), Convention("dr-grpo")),
    "nemo-rl": _by_estimator(
        Convention("grpo", 1e-6, leave_one_out=True),
        Convention("dr-grpo"),
        Convention("rloo"),
        Convention("reinforce++-baseline", whiten=OPENRLHF_TOKENS),
        Convention("gdpo", 1e-6, leave_one_out=True, whiten=Whiten(epsilon=0.0)),
    ),
    "areal": _by_estimator(
        Convention("batch", whiten=Whiten(epsilon=1e-5)),
        Convention("grpo", 1e-5),
        Convention("dr-grpo"),
    ),
    "prime-rl": _by_estimator(Convention("dr-grpo"), Convention("maxrl", 0.0)),
    "tinker": _by_estimator(Convention("dr-grpo")),
}

VARIANTS: dict[str, dict[str, Convention]] = {
    "verl": {"rloo_vectorized": Convention("rloo")},
    "trl": {"scale_rewards batch": Convention("grpo", 1e-4, scale="batch", unscored="gets 0")},
    "ms-swift": {
        "scale_rewards batch": Convention("grpo", 1e-4, scale="batch", unscored="counts as 0"),
        "rloo, scale_rewards batch": Convention(
            "rloo-scaled", 1e-4, scale="batch", unscored="counts as 0"
        ),
    },
}
"""Other forms of a trainer's estimators, by the name of its function or option; `--as` has none."""

OURS = _by_estimator(
    Convention("grpo", 1e-6),
    Convention("reinforce++", whiten=VERL_TOKENS),
    Convention("reinforce++-baseline", whiten=VERL_TOKENS),
    Convention("maxrl", 0.0),
    Convention("gdpo", 1e-6, whiten=Whiten(epsilon=1e-6)),
    Convention("rloo-scaled", 1e-4),
    Convention("rloo-whitened", whiten=Whiten(epsilon=1e-4)),
)
"""The conventions of rlcalc itself; other estimators have the defaults of `Convention`."""


def convention_of(estimator: str | None, trainer: str | None) -> Convention:
    """Return the convention that a trainer, or rlcalc itself, has for an estimator.

    Raises:
        UsageError: there is no such estimator or trainer, or it is not one of the trainer's.
    """
    for kind, name, known in (("trainer", trainer, TRAINERS), ("estimator", estimator, ESTIMATORS)):
        if name is not None and name not in known:
            near = nearest(name, known)
            raise UsageError(
                f"there is no {kind} {shown(name)}",
                fix=f"did you mean {near}?" if near else f"use one of {', '.join(known)}",
            )
    if trainer is None:
        return OURS.get(estimator or "grpo", Convention(estimator or "grpo"))
    theirs = TRAINERS[trainer]
    if estimator is not None and estimator not in theirs:
        raise UsageError(
            f"the trainer {trainer} has no estimator {estimator}",
            fix=f"use one of {', '.join(theirs)}, or leave out --as for rlcalc's own {estimator}",
        )
    return theirs[estimator or next(iter(theirs))]
