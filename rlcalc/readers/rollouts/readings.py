"""Readings: where a format logs several filters or scores of one answer, the one that counts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from rlcalc.errors import InputError, listed, nearest, shown
from rlcalc.readers.rollouts.columns import REWARD

if TYPE_CHECKING:
    from rlcalc.readers.rollouts.request import RolloutRequest

SCORE = "score:"
"""What the name of a column with one of several scores begins with, in frames of rollouts."""


@dataclass
class Readings:
    """What was chosen in each file, and what else there was."""

    request: RolloutRequest
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by task, the chosen first
    scores: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scorers: tuple[str, ...] = ()  # of the file that is being read, where it names them

    def one_of_each(self, frame: pl.DataFrame, file: str) -> pl.DataFrame:
        """Return the rows of one file with one reading of each answer.

        Raises:
            InputError: a filter or a score that was asked for is not there, or a score is infinite.
        """
        tasks = [frame]
        if "task" in frame.columns and frame["task"].n_unique() > 1:
            tasks = frame.partition_by("task", maintain_order=True)
        parts = [self._one_of_a_task(part, file) for part in tasks]
        return pl.concat(parts, how="diagonal_relaxed") if len(parts) > 1 else parts[0]

    def _one_of_a_task(self, frame: pl.DataFrame, file: str) -> pl.DataFrame:
        task = os.path.basename(file)
        if "task" in frame.columns and frame["task"][0]:
            task = frame["task"][0]
        if "filter" in frame.columns:
            frame = self._one_filter(frame, task).drop("filter")
        return self._one_score(frame, file, task)

    def _one_filter(self, frame: pl.DataFrame, task: str) -> pl.DataFrame:
        names: list[str] = frame["filter"].drop_nulls().unique(maintain_order=True).to_list()
        if not names:
            return frame
        requested = self.request.filter  # which another file may have: `finish` looks
        chosen = requested if requested in names else names[0]
        self.filters[task] = (chosen, *(name for name in names if name != chosen))
        return frame.filter(pl.col("filter").is_null() | (pl.col("filter") == chosen))

    def _one_score(self, frame: pl.DataFrame, file: str, task: str) -> pl.DataFrame:
        columns = [name for name in frame.columns if name.startswith(SCORE)]
        if "scored" not in frame.columns:
            return frame
        names = sorted(
            (
                column.removeprefix(SCORE)
                for column in columns
                if frame[column].null_count() < len(frame)
            ),
            key=self._place,
        )
        chosen = self.request.reward or tuple(names[:1]) or ("reward",)
        for name in chosen:
            if names and name not in names:
                raise _unknown("reward", name, names, shown(file))
            if name in names and (wrong := frame[SCORE + name].is_infinite().arg_true()).len():
                raise InputError(
                    f"{shown(name)} is {frame[SCORE + name][wrong[0]]}, expected a finite number, "
                    "or none",
                    f"{shown(file)}, row {wrong[0] + 1}",
                    "correct this row",
                )
        self.scores[task] = (*chosen, *(name for name in names if name not in chosen))
        none = pl.lit(None, pl.Float64)
        return frame.with_columns(
            (pl.col(SCORE + name) if name in names else none).alias(REWARD + name)
            for name in chosen
        ).drop(*columns, "scored")

    def _place(self, name: str) -> int:
        """Return the place of the scorer of a score: `match`, or `match.part` of several."""
        places = [n for n, known in enumerate(self.scorers) if f"{name}.".startswith(f"{known}.")]
        return places[0] if places else len(self.scorers)

    def finish(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return all rows with one column of rewards, whatever they are called in each task.

        Raises:
            InputError: no file has the filter that was asked for.
        """
        requested = self.request.filter
        every = dict.fromkeys(name for names in self.filters.values() for name in names)
        if requested is not None and requested not in every:
            raise _unknown("filter", requested, list(every), "")
        rewards = [name for name in frame.columns if name.startswith(REWARD)]
        if not self.scores or self.request.reward or len(rewards) < 2:
            return frame
        return frame.with_columns(pl.coalesce(rewards).alias(f"{REWARD}reward")).drop(
            name for name in rewards if name != f"{REWARD}reward"
        )

    def facts(self) -> dict[str, Any]:
        """Return what was chosen: a name, or one by task where they differ."""
        chosen: dict[str, Mapping[str, str]] = {
            "reward": {task: names[0] for task, names in self.scores.items()},
            "filter": {task: names[0] for task, names in self.filters.items() if len(names) > 1},
        }
        if self.request.reward:
            del chosen["reward"]
        return {
            fact: next(iter(by_task.values())) if len(set(by_task.values())) == 1 else dict(by_task)
            for fact, by_task in chosen.items()
            if by_task
        }

    def notes(self) -> Iterator[str]:
        """Yield what was chosen and what else there is, of each task that has more."""
        requested = self.request.filter
        others = {task: names for task, names in self.filters.items() if requested != names[0]}
        yield from _choices(others, "the responses are read with the filter", "filter")
        if not self.request.reward:
            yield from _choices(self.scores, "the reward is", "reward")


def _choices(chosen: Mapping[str, tuple[str, ...]], begin: str, option: str) -> Iterator[str]:
    tasks: dict[tuple[str, ...], list[str]] = {}
    for task, names in chosen.items():
        tasks.setdefault(names, []).append(task)
    for names, of in tasks.items():
        if len(names) > 1:
            where = f" of {listed(of, most=3)}" if len(tasks) > 1 else ""
            are = "is" if len(names) == 2 else "are"
            it = "it" if len(names) == 2 else "the first of them"
            yield (
                f"{begin} {shown(names[0])}{where}; {listed(names[1:])} {are} logged too: "
                f"rlcalc group --{option} {names[1]} reads {it}"
            )
        elif len(tasks) > 1 and option == "reward":
            yield f"{begin} {shown(names[0])} of {listed(of, most=3)}"


def _unknown(option: str, name: str, names: list[str], where: str) -> InputError:
    near = nearest(name, names)
    guess = f"did you mean {shown(near)}? " if near else ""
    there = f"there are {listed(names)}" if names else f"leave out --{option}"
    return InputError(f"there is no {option} {shown(name)}", where, guess + there)
