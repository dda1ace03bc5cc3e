"""The request: which columns and which format of rollouts to read."""

from __future__ import annotations

from dataclasses import dataclass

from rlcalc.errors import InputError, UsageError, listed, shown
from rlcalc.readers.row_filter import RowFilter


class NoRollouts(InputError):
    """A source fits no dump: it is not damaged, but has no rewards or no groups."""


@dataclass(frozen=True)
class RolloutRequest:
    """How rollouts are to be read; a column of None is found by its name."""

    form: str | None = None  # --from: a trainer, or `columns`
    group: str | None = None
    reward: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    advantage: str | None = None
    length: str | None = None
    step: str | None = None  # `none`: steps do not matter
    rollout: str | None = None  # `none`: every row is a rollout
    baseline: str | None = None
    answer: str | None = None  # the final answer, which equal responses need not have
    group_size: int | None = None  # this many rows after each other are a group
    filter: str | None = None  # of several readings of the same responses; None: the first
    where: tuple[RowFilter, ...] = ()  # --where: only rollouts that pass all of these are read
    max_size: int | None = None  # bytes that a compressed source may unpack to
    turns: bool = False  # keep what the agent did in each turn, where a format holds it
    texts: bool = False  # tell equal responses, and count characters where tokens are not known
    beginnings: bool = False  # keep how prompts and responses begin
    prompts: bool = False  # tell equal prompts of two readings, and keep how they begin
    origins: bool = False  # keep rows and ids, and how prompts begin (whole with `texts`)
    numbered: bool = False  # keep the place of each row, by which `only` names it
    whole: bool = False  # with `beginnings`: keep prompts and responses whole
    only: tuple[int, ...] | None = None  # of the rows at these places alone

    @property
    def questions(self) -> bool:
        """Whether prompts are kept, or how they begin."""
        return self.beginnings or self.prompts or self.origins

    def named(self) -> dict[str, str]:
        """Return the columns that were named, by meaning."""
        named = {
            meaning: getattr(self, meaning)
            for meaning in ("group", "advantage", "length", "step", "rollout", "baseline", "answer")
        }
        return {
            meaning: column for meaning, column in named.items() if column not in (None, "none")
        }

    def weight_of(self) -> dict[str, float]:
        """Return what each reward function counts for.

        Raises:
            UsageError: there are not as many weights as rewards.
        """
        if self.weights and not self.reward:
            raise UsageError(
                "--weights without --reward: there are no rewards to weigh",
                fix="name the rewards in the same order: --reward a,b --weights 1,0.5",
            )
        if self.weights and len(self.weights) != len(self.reward):
            raise UsageError(
                f"the number of weights is {len(self.weights)}, and that of rewards "
                f"{len(self.reward)}: {listed(self.reward)}",
                fix=f"give one each: --weights {','.join(['1'] * min(len(self.reward), 8))}",
            )
        if len(set(self.reward)) < len(self.reward):
            raise UsageError(
                f"--reward {shown(','.join(self.reward))}", fix="name each reward once"
            )
        return dict(zip(self.reward, self.weights, strict=False))
