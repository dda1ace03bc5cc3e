"""The answer of `rlcalc objective`: rows of tokens, rollouts, regions or trainers, with facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rlcalc.errors import InputError, UsageError, shown
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.objectives.compute import RolloutSums, TokenTerms, batch_sums, blocks, token_terms
from rlcalc.objectives.convention import Objective
from rlcalc.objectives.summary import BatchSums, facts_of, notes_of, region_rows
from rlcalc.objectives.terms import CLIP_HIGH, CLIP_LOW, REGIONS
from rlcalc.result import Column, Result
from rlcalc.tokens import FIRST_CHOICES, PER_TOKEN, Tokens, joined

if TYPE_CHECKING:
    from rlcalc.charts import Chart

Rows = Literal["tokens", "rollouts", "summary"]
Engine = Callable[..., Any]


def objective(
    batches: Iterable[Tokens],
    how: Objective,
    rows: Rows,
    *,
    success: float = 1.0,
    engine: Engine = map,
) -> Result:
    """Return what the loss of a batch is, a row a token, a rollout or a region.

    Args:
        batches: the tokens.
        how: the objective.
        rows: `tokens`, `rollouts` or `summary`.
        success: the reward from which a rollout is right.
        engine: runs the work on blocks.

    Raises:
        InputError: a log-probability, an advantage or the mask is wrong, or a column is missing.
        UsageError: there are no such rows.
    """
    if rows not in ("tokens", "rollouts", "summary"):
        raise UsageError(f"rows is {shown(rows)}", fix="use tokens, rollouts or summary")
    kept: list[Tokens] = []
    about = Rollouts()
    parts: list[RolloutSums] = []
    in_memory = rows == "tokens" or (how.kl_aggregate is not None and how.kl != "none")
    for tokens in completed(batches, how, about):
        about.add(tokens)
        if in_memory:
            kept.append(tokens)
        else:
            parts.append(batch_sums(tokens, how, engine))
    relative = 1.0
    if in_memory:
        length = np.concatenate([tokens.length for tokens in kept])
        width = max(int(tokens.size.max(initial=0)) for tokens in kept)
        factor, kl_factor = how.factor(length, width), how.factor(length, width, how.kl_aggregate)
        relative = kl_factor / factor
        parts = [batch_sums(tokens, how, engine, relative) for tokens in kept]
    batch = about.batch(RolloutSums.joined(parts))
    about.require_counted(batch)
    facts, notes = facts_of(batch, how, success), [*about.notes, *notes_of(batch, how)]
    if rows == "tokens":
        columns = _token_rows(joined(kept), how, factor, kl_factor)
    elif rows == "rollouts":
        columns = _rollout_rows(batch, about, how)
    else:
        columns = region_rows(batch, how)
    title = {"tokens": "Tokens", "rollouts": "Rollouts", "summary": "Regions of the loss"}[rows]

    def charts() -> list[Chart]:
        from rlcalc.objectives.charts import objective_charts

        ratio = np.asarray(columns["ratio"].values) if rows == "tokens" else None
        return objective_charts(region_rows(batch, how), facts, how, ratio)

    first = rows == "summary"
    return Result("objective", title, columns, facts, notes, facts_first=first, charts=charts)


def compare(
    batches: Iterable[Tokens],
    objectives: Mapping[str, Objective],
    *,
    success: float = 1.0,
    engine: Engine = map,
) -> Result:
    """Return the losses of several trainers on one batch, a row a trainer.

    Args:
        batches: the tokens, which are held in memory.
        objectives: by the name of the trainer.
        success: as in `objective`.
        engine: as in `objective`.

    Raises:
        InputError: as in `objective`.
    """
    in_memory = list(batches)
    rows: list[dict[str, Any]] = []
    first: Result | None = None
    for name, how in objectives.items():
        answer = objective(in_memory, how, "summary", success=success, engine=engine)
        first = first or answer
        facts = answer.facts
        rows.append({"trainer": name} | {key: facts[key] for key in COMPARED})
    assert first is not None
    columns = {
        name: Column(
            [row[name] for row in rows], "key" if name == "trainer" else ROLES.get(name, "value")
        )
        for name in rows[0]
    }
    shared = ("rollouts", "prompts", "tokens", "masked_tokens", "weight_mean", "weight_mean_se")
    facts = {name: first.facts[name] for name in shared}
    title = "One batch, the loss of each trainer"

    def charts() -> list[Chart]:
        from rlcalc.objectives.charts import trainer_charts

        return trainer_charts(columns, title)

    return Result("objective", title, columns, facts, first.notes, charts=charts)


COMPARED = (
    "objective", "aggregate", "loss", "policy_loss", "kl_loss", "clip_fraction_low",
    "clip_fraction_high", "dual_clip_fraction", "gradient", "gradient_lost_to_clipping",
    "gradient_lost_to_clamps",
)  # fmt: skip
"""The facts that a row of a comparison has."""
ROLES: Mapping[str, Any] = {"objective": "text", "aggregate": "text"}


def completed(batches: Iterable[Tokens], how: Objective, about: Rollouts) -> Iterator[Tokens]:
    """Yield batches in which the log-probabilities that were not logged are those nearest to them.

    The policy of now is the old one where only that is logged, and the old one is the sampler's; a
    correction of the sampler compares with the policy of now, as TRL and slime do, and TRL has no
    other ratio than 1 where the old one is missing.
    """
    logged: list[str] | None = None
    for tokens in batches:
        for note in tokens.notes:
            about.note(note)
        present = [name for name in PER_TOKEN if getattr(tokens, name) is not None]
        if logged is not None and present != logged:
            name = min(set(present) ^ set(logged))
            raise InputError(
                f"{name} is logged of some rollouts, and not of all",
                f"{tokens.where_rollout(0)} and after",
                "give the column in every row, or in none",
            )
        logged = present
        changes: dict[str, Any] = {}
        for name, others in FIRST_CHOICES.items():
            if getattr(tokens, name) is not None:
                continue
            if name == "old_log_prob" and (how.correction != "none" or how.trainer == "trl"):
                others = ("log_prob", *others)
            for other in others:
                column = changes.get(other, getattr(tokens, other))
                if column is not None:
                    changes[name] = column
                    about.note(STANDS_FOR.format(name, other))
                    break
        yield replace(tokens, **changes) if changes else tokens


STANDS_FOR = "{} is not logged: {} stands for it"


class Rollouts:
    """What is known of the rollouts of all batches, and notes."""

    def __init__(self) -> None:
        self.group: list[Any] = []
        self.rollout: list[Any] = []
        self.score: list[Floats] = []
        self.notes: list[str] = []
        self.known: dict[Any, int] = {}
        self.cluster: list[Ints] = []
        self.named = self.scored = False
        self.source = ""

    def note(self, text: str) -> None:
        """Note something once."""
        if text not in self.notes:
            self.notes.append(text)

    def add(self, tokens: Tokens) -> None:
        """Take in the rollouts of a batch."""
        n, before = len(tokens), len(self.group)
        self.source = self.source or tokens.source
        groups = [None] * n if tokens.group is None else list(tokens.group)
        number = [
            self.known.setdefault(("alone", before + i) if name is None else name, len(self.known))
            for i, name in enumerate(groups)
        ]
        self.cluster.append(np.array(number, np.int64))
        self.group += groups
        self.named = self.named or tokens.group is not None
        names = range(before, before + n) if tokens.rollout is None else tokens.rollout
        self.rollout += list(names)
        self.scored = self.scored or tokens.score is not None
        self.score.append(np.full(n, np.nan) if tokens.score is None else tokens.score)

    def batch(self, sums: RolloutSums) -> BatchSums:
        """Return the sums with what is known of the rollouts."""
        score = np.concatenate(self.score) if self.scored else None
        return BatchSums(sums, np.concatenate(self.cluster), score)

    def require_counted(self, batch: BatchSums) -> None:
        """Refuse a batch of which nothing is counted.

        Raises:
            InputError: the mask is 0 everywhere.
        """
        if not batch.n_tokens:
            raise InputError(
                "the mask leaves out every token, so there is no loss",
                f"{self.source}, rows 1 to {len(batch.sums.length)}",
                "give 1 in the mask for the tokens of the response; is it inverted?",
            )


def _token_rows(
    tokens: Tokens, how: Objective, factor: float, kl_factor: float
) -> dict[str, Column]:
    parts: list[TokenTerms] = [token_terms(part, how, factor, kl_factor) for part in blocks(tokens)]
    number = tokens.number

    def whole(field: str) -> Any:
        return np.concatenate([getattr(part, field) for part in parts])

    return {
        "group": Column(_each(tokens.group, number), "key"),
        "rollout": Column(_each(tokens.rollout, number, otherwise=number), "key"),
        "t": Column(tokens.t, "key"),
        "token": Column(_whole_tokens(tokens), "text"),
        "ratio": Column(whole("ratio"), symbol="ρ"),
        "advantage": Column(
            np.full(len(number), np.nan) if tokens.advantage is None else tokens.advantage,
            symbol="A",
        ),
        "region": Column(_each(REGIONS, whole("region").astype(np.int64)), "text"),
        "gradient": Column(whole("gradient"), symbol="∂loss/∂log π"),
        "kl": Column(whole("kl")),
    }


def _whole_tokens(tokens: Tokens) -> Any:
    token = tokens.token
    if token is None:
        return _each(None, tokens.number)
    if token.dtype.kind == "f" and np.isfinite(token).all() and (token == np.round(token)).all():
        return token.astype(np.int64)
    return token


def _each(names: Any, number: Ints, otherwise: Any = None) -> Any:
    """Return [T] a name for each token, from the names of [N] rollouts; without names `otherwise`.

    Numbers are an array, texts a series of Polars: twenty million texts of Python would not fit.
    """
    if names is None and otherwise is not None:
        return otherwise
    import polars as pl

    if names is None:
        return pl.repeat(None, len(number), dtype=pl.String, eager=True)
    if isinstance(names, np.ndarray) and names.dtype.kind in "iuf":
        whole = names.dtype.kind == "f" and (names == np.round(names)).all()
        return (names.astype(np.int64) if whole else names)[number]
    listed = list(names)
    try:
        return pl.Series(listed, strict=True).gather(number)
    except (TypeError, pl.exceptions.PolarsError):  # numbers and texts
        return [listed[i] for i in number.tolist()]


def _rollout_rows(batch: BatchSums, about: Rollouts, how: Objective) -> dict[str, Column]:
    sums, length = batch.sums, np.maximum(batch.sums.length, 1)
    empty = batch.sums.length == 0
    total = float(sums.gradient.sum())

    def mean(values: Floats) -> Floats:
        return np.where(empty, np.nan, values / length)

    clipped = sums.by_region[:, CLIP_LOW] + sums.by_region[:, CLIP_HIGH]
    columns = {
        "group": Column(about.group, "key"),
        "rollout": Column(about.rollout, "key"),
        "tokens": Column(sums.length, "count"),
    }
    if batch.score is not None:
        columns["reward"] = Column(batch.score)
    columns |= {
        "advantage": Column(mean(sums.advantage), symbol="A"),
        "ratio": Column(mean(sums.weight), symbol="ρ"),
        "clip_fraction": Column(mean(clipped)),
        "loss": Column(sums.loss * batch.factor(how)),
        "gradient": Column(sums.gradient * batch.factor(how), symbol="Σ|gradient|"),
        "gradient_share": Column(sums.gradient / total if total else np.zeros(len(length))),
        "k1": Column(mean(sums.k1)),
        "k3": Column(mean(sums.k3)),
    }
    if not np.isnan(sums.reference_k1).all():
        columns["reference_k1"] = Column(mean(sums.reference_k1))
        columns["reference_k3"] = Column(mean(sums.reference_k3))
    if not np.isnan(sums.mismatch).all():
        columns["sampler_log_weight"] = Column(sums.mismatch)
    return columns
