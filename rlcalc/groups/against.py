"""Two runs on the same prompts: the paired difference of their mean rewards, prompt by prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.errors import InputError, UsageError, listed
from rlcalc.groups.groups import EQUAL, SMALL
from rlcalc.numerics.arrays import Floats, Ints, segment_means, segment_sums, stable_order
from rlcalc.numerics.intervals import intervals_of_means, known_values, needs_of
from rlcalc.numerics.moments import Moments
from rlcalc.result import Column, Fact, Result
from rlcalc.rollouts import Rollouts

if TYPE_CHECKING:
    from rlcalc.charts import Chart

NESTED = "give both as tables with a reward, and the id of its prompt in the column group"
"""The fix for formats in which no option names a column."""


def compare_runs(
    first: Rollouts, second: Rollouts, tolerance: float = EQUAL, confidence: float = 0.95
) -> Result:
    """Return a row a prompt that both runs have, and the mean paired difference in the facts.

        d_p = r̄_p − r̄'_p,      se(d_p) = √( s²/n + s'²/n' ),
        d̄ = Σ d_p / P,         se(d̄) = √( Σ (d_p − d̄)² / (P (P − 1)) ),      d̄ ± t(P − 1) se(d̄)

    A prompt is its text, in whatever steps; where a run has no texts, it is the name of the group.
    Rollouts without a reward count nowhere. The sign test asks how probable so uneven numbers of
    prompts won and lost are if both are equally likely; ties are left out.

    Args:
        first: the run whose reward is compared.
        second: the run that it is compared with.
        tolerance: a prompt is tied if the means differ by no more, relative to the larger.
        confidence: of the interval of the mean difference, between 0 and 1.

    Returns:
        Rewards of the first run less those of the second, in the unit of the reward.

    Raises:
        UsageError: the confidence or the tolerance is out of range.
        InputError: no prompt is in both runs, or neither texts nor names tell the prompts.
    """
    _require_ranges(tolerance, confidence)
    joined_by, keys = _keys(first, second)
    one, two = _by_prompt(first, keys[0]), _by_prompt(second, keys[1])
    shared = [(one.place[key], two.place[key]) for key in one.place if key in two.place]
    if not shared:
        raise _nothing_shared(first, second, joined_by)
    a, b = np.array(shared).T
    difference = one.mean[a] - two.mean[b]
    error = np.sqrt(one.variance[a] / one.n[a] + two.variance[b] / two.n[b])
    most = np.maximum(SMALL, np.maximum(np.abs(one.mean[a]), np.abs(two.mean[b])))
    tied = np.abs(difference) <= tolerance * most
    won = int((~tied & (difference > 0)).sum())
    lost = int((~tied & (difference < 0)).sum())
    moments = Moments.of(np.zeros(1, np.int64), np.array([0, len(difference)]), difference)
    interval = intervals_of_means(moments, confidence, known_values(moments))
    facts: dict[str, Fact] = {
        "difference": float(moments.mean[0]),
        "difference_se": float(moments.standard_error()[0]),
        "difference_low": float(interval.low[0]),
        "difference_high": float(interval.high[0]),
        "difference_needs": needs_of({"difference": interval.needs}, "prompt", "prompts")[0],
        "confidence": confidence,
        "mean": float(one.mean[a].mean()),
        "mean_against": float(two.mean[b].mean()),
        "sign_test_p": sign_test(won, lost),
        "won": won,
        "lost": lost,
        "tied": len(shared) - won - lost,
        "prompts_in_both": len(shared),
        "prompts_only_here": len(one.place) - len(shared),
        "prompts_only_against": len(two.place) - len(shared),
        "rollouts": len(first),
        "rollouts_against": len(second),
        "joined_by": joined_by,
    }
    columns = {
        "prompt": Column([one.names[place] for place in a.tolist()], "key"),
        "n": Column(one.n[a], "count"),
        "mean": Column(one.mean[a]),
        "n_against": Column(two.n[b], "count"),
        "mean_against": Column(two.mean[b]),
        "difference": Column(difference),
        "difference_se": Column(error, "error"),
    }
    notes = [*first.notes, *(note for note in second.notes if note not in first.notes)]
    if need := facts["difference_needs"]:
        notes.append(f"the interval of the mean difference needs {str(need).split(': ')[1]}")

    def charts() -> list[Chart]:
        from rlcalc.groups.charts import difference_charts

        return difference_charts(difference, won, lost)

    title = "Prompts of both runs"
    return Result("group", title, columns, facts, notes, facts_first=True, charts=charts)


def sign_test(won: int, lost: int) -> float:
    """Return the chance that n fair coins fall as unevenly as won against lost, or more so.

    min(1, 2 Σ_{i ≤ min(won, lost)} C(n, i) / 2ⁿ)
    """
    n, fewer = won + lost, min(won, lost)
    i = np.arange(1, fewer + 1)
    log_chance = np.concatenate([[0.0], np.cumsum(np.log((n - i + 1) / i))]) - n * np.log(2.0)
    return float(min(1.0, 2 * np.exp(log_chance).sum()))


@dataclass(frozen=True)
class _Prompts:
    """The prompts of a run that have a reward, in order of first appearance."""

    place: dict[Any, int]  # by key
    names: list[Any]
    n: Ints  # [P] rollouts with a reward
    mean: Floats  # [P]
    variance: Floats  # [P] s² = Σ (r − r̄)² / (n − 1); NaN where n = 1


def _require_ranges(tolerance: float, confidence: float) -> None:
    if not 0 < confidence < 1:
        raise UsageError(
            f"a confidence of {confidence} is not between 0 and 1", fix="use one such as 0.95"
        )
    if not 0 <= tolerance < 1:
        raise UsageError(
            f"--tolerance {tolerance} is not a number from 0 to below 1",
            fix="use a number such as --tolerance 1e-6",
        )


def _keys(first: Rollouts, second: Rollouts) -> tuple[str, tuple[Any, Any]]:
    """Return how prompts are recognised, and the key of every group of both runs.

    Raises:
        InputError: a run has neither texts of its prompts nor names of its groups.
    """
    if first.asked is not None and second.asked is not None:
        texts = [run.asked[run.start[:-1]].tolist() for run in (first, second)]  # type: ignore[index]
        return "prompt text", (texts[0], texts[1])
    for which, run in (("the first run", first), ("the run after --against", second)):
        if run.facts.get("grouped_by") in ("order", "prompt text") or not run.facts.get(
            "prompts_known", True
        ):
            raise InputError(
                f"the prompts of both runs cannot be matched: {which} has no names of its groups "
                "that another run would have, and the texts are not in both",
                fix=NESTED
                if run.facts.get("nested")
                else "name the column with the id of the prompt in both: --group COLUMN",
            )
    names = [[str(name) for name in run.group] for run in (first, second)]
    return "group name", (names[0], names[1])


def _by_prompt(run: Rollouts, keys: list[Any]) -> _Prompts:
    """Return the means of all prompts of a run, over all of its groups and steps."""
    groups = np.flatnonzero(np.add.reduceat(~np.isnan(run.reward), run.start[:-1], dtype=np.int64))
    place: dict[Any, int] = {}
    number = np.array([place.setdefault(keys[g], len(place)) for g in groups.tolist()], np.int64)
    first = groups[np.unique(number, return_index=True)[1]] if len(groups) else groups
    scored = run.scored
    of = np.repeat(number, scored.size)
    order = stable_order(of, len(place))
    reward, start = scored.reward[order], np.concatenate([[0], np.cumsum(np.bincount(of))])
    n = np.diff(start)
    mean = segment_means(reward, start)
    squares = segment_sums((reward - np.repeat(mean, n)) ** 2, start)
    variance = np.divide(squares, n - 1, out=np.full(len(n), np.nan), where=n > 1)
    return _Prompts(place, _names(run, first), n, mean, variance)


def _names(run: Rollouts, groups: Ints) -> list[Any]:
    """Return how the prompts of some groups begin, or what the groups are called."""
    names = [run.group[g] for g in groups.tolist()]
    if run.question is None:
        return [name.item() if isinstance(name, np.generic) else name for name in names]
    starts = [run.question[int(run.start[g])] for g in groups.tolist()]
    return [str(n) if start is None else start for start, n in zip(starts, names, strict=True)]


def _nothing_shared(first: Rollouts, second: Rollouts, joined_by: str) -> InputError:
    samples = [
        listed([str(name)[:60] for name in _names(run, np.arange(min(2, run.n_groups)))], most=2)
        for run in (first, second)
    ]
    what = "text of a prompt" if joined_by == "prompt text" else "name of a group"
    return InputError(
        f"no {what} is in both runs: the first has {samples[0]}, the other {samples[1]}",
        fix="compare runs on the same prompts"
        if first.facts.get("nested") or second.facts.get("nested")
        else "compare runs on the same prompts, or name the column with the id of the prompt in "
        "both: --group COLUMN",
    )
