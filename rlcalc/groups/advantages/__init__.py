"""The estimators of advantages by name, and what each uses of a convention. No numpy is loaded.

A new estimator is one file here and one line in ESTIMATORS. Its function takes the scored rollouts
and a convention, and returns [M] advantages: for all groups at once, in float64, and exactly 0 for
equal rewards wherever a group's mean is taken away.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimator:
    """Where the function of an estimator stands, and the fields of a `Convention` that it reads.

    `uses` holds epsilon, ddof, scale, leave_one_out, k, single or whiten, where whiten stands for
    the epsilon and the ddof of a whitened batch.
    """

    function: str  # module:function, inside this folder
    uses: tuple[str, ...] = ()
    across_groups: bool = False  # advantages depend on the rollouts of other groups too


_SCALED = ("scale", "epsilon", "ddof")

ESTIMATORS: dict[str, Estimator] = {
    "grpo": Estimator("grpo:grpo", (*_SCALED, "leave_one_out", "single")),
    "dr-grpo": Estimator("grpo:dr_grpo", ("single",)),
    "rloo": Estimator("rloo:rloo", ("single",)),
    "rloo-scaled": Estimator("rloo:rloo_scaled", (*_SCALED, "single")),
    "rloo-whitened": Estimator("rloo:rloo_whitened", ("whiten", "single"), across_groups=True),
    "reinforce": Estimator("reinforce:reinforce"),
    "batch": Estimator("reinforce:batch", ("whiten", "scale"), across_groups=True),
    "reinforce++": Estimator("reinforce:reinforce_plus_plus", ("whiten",), across_groups=True),
    "reinforce++-baseline": Estimator(
        "reinforce:reinforce_plus_plus_baseline", ("whiten", "single"), across_groups=True
    ),
    "remax": Estimator("remax:remax"),
    "opo": Estimator("opo:opo", ("single",)),
    "gpg": Estimator("gpg:gpg", ("single",), across_groups=True),
    "pass-k": Estimator("pass_k:pass_k", (*_SCALED, "single")),
    "pass-k-analytic": Estimator("pass_k:pass_k_analytic", ("k",)),
    "maxrl": Estimator("maxrl:maxrl", ("epsilon", "single")),
    "gdpo": Estimator(
        "gdpo:gdpo", (*_SCALED, "leave_one_out", "single", "whiten"), across_groups=True
    ),
}
