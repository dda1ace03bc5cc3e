"""Tokens: read them, and return the loss of a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Unpack

from rlcalc.api.arguments import names_of, paths_of, paths_or_none, require_numbers, token_request
from rlcalc.api.keywords import TokenReading, takes

if TYPE_CHECKING:
    from rlcalc.result import Result
    from rlcalc.tokens import Tokens


@takes(TokenReading)
def load_tokens(source: Any, **reading: Unpack[TokenReading]) -> Iterator[Tokens]:
    """Yield the tokens of rollouts, batch by batch.

    Args:
        source: a path, several in a list, a frame of Polars or pandas, a mapping of columns or of
            arrays [rollouts, tokens], or Tokens.
        **reading: `columns`, the field → its column; `group`, `reward`, `advantage`: columns;
            `group_size`: so many rows after each other are a group; `form`: the trainer whose
            records they are; `needs`: fields that must be there; `where` and `max_size`, as in
            `load`.

    Raises:
        InputError: the source has no lists of tokens, or is not as it should be.
    """
    from rlcalc.readers.in_memory import frame_of, holds_matrices
    from rlcalc.readers.rollouts import dumps
    from rlcalc.readers.tokens import load as reader
    from rlcalc.tokens import Tokens

    if isinstance(source, Tokens):
        return iter([source])
    request = token_request(**reading)
    if request.form is not None:
        dumps.named(request.form)
    if holds_matrices(source):
        from rlcalc.readers.tokens.arrays import tokens_of_arrays

        return iter([tokens_of_arrays(source, request, "the arrays")])
    frame = frame_of(source)
    if frame is not None:
        return reader.load_frame(frame, request)
    return reader.load(paths_of(source, "Tokens"), request)


@takes(TokenReading)
def objective(
    source: Any,
    *,
    loss: str | None = None,
    clip: str | float | Sequence[float] | None = None,
    dual_clip: float | None = None,
    delta: float | None = None,
    aggregate: str | None = None,
    kl: str | None = None,
    beta: float | None = None,
    kl_in: Literal["loss", "reward"] | None = None,
    rollout_correction: str | None = None,
    value_clip: float | None = None,
    estimator: str | None = None,
    trainer: str | None = None,
    compare: str | Sequence[str] | None = None,
    rows: Literal["tokens", "rollouts", "summary"] = "tokens",
    success: float = 1.0,
    jobs: int | None = None,
    **reading: Unpack[TokenReading],
) -> Result:
    """Return what the loss of a batch of tokens is: `rlcalc.objectives.report.objective`.

    Args:
        source: and `**reading`, as in `load_tokens`.
        loss: one of `rlcalc.objectives.losses.LOSSES`; default ppo, or the trainer's.
        clip: ε, `LOW:HIGH` or a pair; default 0.2, or the trainer's.
        dual_clip: c: where A < 0 the loss is at most −A c.
        delta: δ: the unclipped ratio is at most this.
        aggregate: token-mean, seq-mean-token-mean, seq-mean-token-sum, token-sum or constant:L.
        kl: the estimator of the KL term: none, k1, k2, k3, k1+, k3+ or abs.
        beta: its weight; default 0.001, or the trainer's.
        kl_in: loss, or reward, from which `estimator` then computes.
        rollout_correction: none, tis:C, mask:LOW:HIGH or seq-mask:LOW:HIGH.
        value_clip: how far V may move from the old V in the value loss; default 0.2, or the
            trainer's; inf: any distance.
        estimator: compute the advantages from the rewards of the groups, as `group` does.
        trainer: compute as this trainer does.
        compare: several trainers, a row each.
        rows: a row a token, a rollout, or a region.
        success: the reward from which a rollout is right.
        jobs: threads; the answer does not depend on it.
        **reading: as in `load_tokens`.

    Raises:
        InputError: there are no log-probabilities or no advantages, or a number is wrong.
        UsageError: an option that is out of range, or that the loss does not use.
    """
    from rlcalc.engines.threads import run
    from rlcalc.objectives import report
    from rlcalc.objectives.request import ObjectiveRequest

    require_numbers(dual_clip=dual_clip, delta=delta, beta=beta, value_clip=value_clip)
    request = ObjectiveRequest(
        loss, clip, dual_clip, delta, aggregate, kl, beta, kl_in, rollout_correction, value_clip
    )
    objectives = {trainer or "rlcalc": request.objective(trainer)}
    if compare is not None:
        objectives = {
            name: request.objective(None if name == "rlcalc" else name)
            for name in names_of(compare)
        }
    how = next(iter(objectives.values()))
    batches = _token_batches(source, {"needs": _needed_columns(how.loss), **reading})
    if estimator is not None:
        batches = _with_advantages(batches, estimator, trainer, how)
    arguments: dict[str, Any] = {
        "success": success,
        "engine": partial(run, jobs=jobs),
    }
    if compare is not None:
        return report.compare(batches(), objectives, **arguments)
    return report.objective(batches(), how, rows, **arguments)


def _needed_columns(loss: str) -> tuple[str, ...]:
    return ("value", "target") if loss == "value" else ("log_prob",)


def _token_batches(source: Any, reading: Mapping[str, Any]) -> Callable[[], Iterable[Tokens]]:
    """Return a function that reads the tokens, again each time it is called."""
    paths = paths_or_none(source)
    if paths is not None and "-" not in paths:
        return lambda: load_tokens(paths, **reading)
    in_memory = list(load_tokens(source, **reading))  # what comes through a pipe is gone once read
    return lambda: in_memory


def _with_advantages(
    batches: Callable[[], Iterable[Tokens]], estimator: str, trainer: str | None, how: Any
) -> Callable[[], Iterator[Tokens]]:
    """Return the batches with the advantages that an estimator gives the rollouts."""
    import numpy as np

    from rlcalc.groups.advantages.compute import advantages
    from rlcalc.groups.advantages.trainers import TRAINERS, convention_of
    from rlcalc.objectives.rewards import RolloutRewards, with_advantages
    from rlcalc.rollouts import Rollouts

    theirs = trainer if estimator in TRAINERS.get(trainer or "", ()) else None
    convention = convention_of(estimator, theirs)
    rewards = RolloutRewards(how)
    for tokens in batches():
        rewards.add(tokens)
    columns = rewards.columns()
    rollouts = Rollouts.from_arrays(**columns)
    answer = advantages(rollouts, convention)
    advantage = np.empty(len(answer))
    advantage[slice(None) if rollouts.row is None else rollouts.row] = answer
    return lambda: with_advantages(batches(), advantage)
