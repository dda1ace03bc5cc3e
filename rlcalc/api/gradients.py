"""Gradients: of a policy, exact and estimated, and their ascent."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Unpack

from rlcalc.api.arguments import Watch
from rlcalc.api.episodes import world_and_request
from rlcalc.api.keywords import Playing, takes
from rlcalc.api.models import load_model
from rlcalc.api.trajectories import load
from rlcalc.renderers.progress import without_progress

if TYPE_CHECKING:
    from rlcalc.policy import Policy
    from rlcalc.policy_gradient.setup import GradientSetup
    from rlcalc.result import Result


@takes(Playing)
def gradient(
    source: Any,
    episodes: int = 1000,
    *,
    form: Literal["all", "trajectory", "gain", "q", "advantage"] = "all",
    baseline: Literal["none", "mean", "value", "optimal"] = "none",
    critic: Literal["exact", "estimated"] = "exact",
    discount_weight: bool = True,
    rows: Literal["gradient", "variance"] = "gradient",
    batch: int | None = None,
    logits: str | None = None,
    from_data: Any = None,
    reading: Mapping[str, Any] | None = None,
    watch: Watch = without_progress,
    **how: Unpack[Playing],
) -> Result:
    """Return estimates of the policy gradient beside the exact one.

    Args:
        source: a model, as in `solve`.
        episodes: the number of episodes to simulate.
        form: the factor of the scores.
        baseline: the baseline of the forms trajectory and gain.
        critic: whether Q and V come from the model or from the other half of the episodes.
        discount_weight: with the factor γ^t.
        rows: a row a parameter and form, or a row a form.
        batch: episodes of one update; the facts tell its expected error.
        logits: a file with θ(s,a), or `zero`; default log π(a|s).
        from_data: trajectories to use instead, as in `load`; an `Experience`, which can be read
            once, is held in memory if it is needed twice.
        reading: how to read `from_data`: the arguments of `load`.
        watch: as in `simulate`.
        **how: `policy`, `start`, `max_steps`, `seed`, `gamma`, `jobs` and `settings`, `kind`,
            `columns`, `max_size`, as in `simulate`.

    Raises:
        InputError: the source is not a model, or there is no gradient.
    """
    from rlcalc.policy_gradient.compare import compare_with_exact
    from rlcalc.policy_gradient.logged_episodes import LoggedEpisodes
    from rlcalc.policy_gradient.request import GradientRequest

    request = GradientRequest(form, baseline, critic, discount_weight, rows, batch)
    setup = _gradient_setup(source, episodes, logits, plays=from_data is None, **how)
    data = None
    if from_data is not None:
        data = LoggedEpisodes.of(from_data, partial(load, **(reading or {})))
    return compare_with_exact(setup, request, data, watch)


@takes(Playing)
def ascend(
    source: Any,
    steps: int,
    learning_rate: float,
    *,
    episodes: int | None = None,
    form: Literal["all", "trajectory", "gain", "q", "advantage"] = "advantage",
    baseline: Literal["none", "mean", "value", "optimal"] = "none",
    critic: Literal["exact", "estimated"] = "exact",
    discount_weight: bool = True,
    logits: str | None = None,
    watch: Watch = without_progress,
    **how: Unpack[Playing],
) -> tuple[Result, Policy]:
    """Return the objective after each step of gradient ascent, and the policy at its end.

    Args:
        source: a model, as in `solve`.
        steps: the number of steps.
        learning_rate: η in θ ← θ + η ∇J(θ).
        episodes: simulate so many for each step and follow an estimate; None: the exact gradient.
        form: and the others, of the estimate; as in `gradient`.
        baseline: as in `gradient`.
        critic: as in `gradient`.
        discount_weight: as in `gradient`.
        logits: as in `gradient`.
        watch: as in `simulate`.
        **how: as in `gradient`.

    Raises:
        InputError: the source is not a model, or there is no gradient.
    """
    from rlcalc.policy_gradient.ascent import ascend
    from rlcalc.policy_gradient.request import AscentRequest, GradientRequest

    request = GradientRequest(form, baseline, critic, discount_weight) if episodes else None
    setup = _gradient_setup(source, episodes or 1, logits, plays=request is not None, **how)
    return ascend(setup, AscentRequest(steps, learning_rate, request), watch)


def _gradient_setup(
    source: Any, episodes: int, logits: str | None, *, plays: bool, **how: Any
) -> GradientSetup:
    from rlcalc.policy_gradient.setup import set_up

    mdp, request = world_and_request(load_model, source, episodes, **how)
    return set_up(mdp, request, logits, plays=plays)
