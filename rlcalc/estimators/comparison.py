"""Methods side by side: one table, a group of columns a method, and how far two of them differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import Any, Literal

import numpy as np

from rlcalc.errors import shown
from rlcalc.estimators import METHODS, monte_carlo
from rlcalc.estimators.certainty_equivalence import numbered, solved
from rlcalc.estimators.gain import discounted_sum
from rlcalc.estimators.passes import Passes
from rlcalc.estimators.request import EstimateRequest, Tools
from rlcalc.estimators.transitions import CountedTransitions
from rlcalc.numerics.arrays import Floats, Ints, compact_codes, weighted_counts
from rlcalc.result import Column, Fact, Result
from rlcalc.trajectories import Trajectories


def estimate_by(
    passes: Passes,
    methods: Sequence[str],
    request: EstimateRequest,
    gamma: float | None,
    visit: Literal["first", "every"],
    truncated: str,
    tools: Tools,
    *,
    side_by_side: bool = False,
) -> Result:
    """Return the estimates of one method, or of several with a group of columns each.

    Args:
        passes: the experience.
        methods: names in `METHODS`.
        request: the quantities and parameters, checked for these methods.
        gamma: 0..1 a step; default the discount factor of the source, else 1.
        visit: of Monte Carlo.
        truncated: `keep`, `drop` or `bootstrap`; for mc alone `cut` too.
        tools: the engine, and what solves linear systems and models.
        side_by_side: name the columns by their methods, even of a single one.

    Raises:
        UsageError: the policy for truncated trajectories does not apply.
        InputError: as the estimators do.
    """
    results: dict[str, Result] = {}
    counted = None
    if any(method != "mc" for method in methods):
        counted = CountedTransitions.of(passes, gamma, truncated, tools.engine)
    for method in methods:
        if counted is None or method == "mc":
            results[method] = monte_carlo.estimate(
                passes.experience_again(), gamma, visit, request.of, truncated,
                request.confidence, tools.engine,
            )  # fmt: skip
        else:
            estimator = import_module(f"rlcalc.estimators.{METHODS[method]}")
            results[method] = estimator.estimate(counted, request, method, tools)
    if not side_by_side:
        return next(iter(results.values()))
    gap = None
    if counted and "mc" in methods and "ce" in counted.solutions and request.of in ("v", "all"):
        gap = _largest_difference(counted, visit, request.of, tools)
    return _beside(results, request, gap)


def _beside(
    results: dict[str, Result], request: EstimateRequest, gap: tuple[float, str] | None
) -> Result:
    """Return one table: the rows of every method, and a group of columns for each."""
    first = results.get("mc") or next(iter(results.values()))
    keys = [name for name, column in first.columns.items() if column.role == "key"]
    tables = {method: result.plain() for method, result in results.items()}
    rows = list(dict.fromkeys(
        row for one in (first, *results.values()) for row in _rows(one.plain(), keys)
    ))  # fmt: skip
    columns = {key: Column([row[i] for row in rows], "key") for i, key in enumerate(keys)}
    for letter in "qva" if request.of == "all" else request.of:
        for method, result in results.items():
            place = {row: i for i, row in enumerate(_rows(tables[method], keys))}
            chosen = [place.get(row) for row in rows]
            for name, column in _group(letter, result, counted=letter != "a" or request.of == "a"):
                values = tables[method][name]
                picked = [None if i is None else values[i] for i in chosen]
                symbol = f"{column.symbol} {method}" if column.symbol else ""
                columns[_name(letter, method, name)] = Column(picked, column.role, symbol)
    for method, table in tables.items():
        if any(need for need in table["needs"]):
            place = {row: i for i, row in enumerate(_rows(table, keys))}
            chosen = [place.get(row) for row in rows]
            picked = [None if i is None else table["needs"][i] for i in chosen]
            columns[f"needs_{_word(method)}"] = Column(picked, "bound")
    notes = dict.fromkeys(note for result in results.values() for note in result.notes)
    if gap:
        notes[f"mc against ce: largest |z| {gap[0]:.2f} ({gap[1]})"] = None
    facts: dict[str, Fact] = {"methods": ", ".join(results)}
    for result in results.values():
        facts |= {name: fact for name, fact in result.facts.items() if name not in facts}
    facts = {n: fact for n, fact in facts.items() if n != "method" and not n.startswith(START)}
    for method, result in results.items():
        facts |= {
            f"{START}_{_word(method)}{name.removeprefix(START)}": fact
            for name, fact in result.facts.items()
            if name.startswith(START) and fact is not None
        }
    distance = {
        _word(method): far
        for method, result in results.items()
        if isinstance(far := result.facts.get("distance_to_fixed_point"), float)
    }
    if len(distance) > 1:
        facts["distance_to_fixed_point"] = distance
    return Result(
        command="estimate",
        title=f"{request.letters}: {', '.join(results)}",
        columns=columns,
        facts=facts | ({"largest_z": gap[0], "largest_z_state": gap[1]} if gap else {}),
        notes=list(notes),
    )


START = "start_value"
"""How the facts about the start value begin."""


def _rows(table: dict[str, list[Any]], keys: list[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(table[key] for key in keys), strict=True))


def _word(method: str) -> str:
    return method.replace("-", "_")


def _group(letter: str, result: Result, *, counted: bool) -> Iterator[tuple[str, Column]]:
    """Yield the columns of a letter, its count first; that of A is the one of Q."""
    count = "v_n" if letter == "v" else "n"
    for name in (*[count] * counted, letter, f"{letter}_se", f"{letter}_low", f"{letter}_high"):
        column = result.columns[name]
        yield name, replace(column, symbol="n") if name == count else column


def _name(letter: str, method: str, name: str) -> str:
    ending = "_n" if name in ("n", "v_n") else name.removeprefix(letter)
    return f"{letter}_{_word(method)}{ending}"


@dataclass(frozen=True)
class Gaps:
    """V by Monte Carlo less V of the model."""

    difference: Floats  # [N]
    error: Floats  # [N] of the difference; not a number where too few trajectories tell it

    def z(self) -> Floats:
        """[N] the differences in standard errors; 0 where there is no error."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.error > 0, self.difference / self.error, 0.0)


def gaps(counted: CountedTransitions, visit: str, of: str, tools: Tools) -> tuple[Gaps, Gaps]:
    """Return V_mc − V_ce of the start and of every state, with the errors of the differences.

    Trajectory e moves the difference by (T_e − V_mc k_e)/Σk − IF_e, where T_e sums its k_e gains.

    Raises:
        InputError: gamma is 1, and some states never lead to an end.

    Source: Hausman (1978) for the comparison.
    """
    values, influence = solved(counted, of, tools)
    groups, n_states = influence.value.shape[1], len(counted.model.state)
    total, size = np.zeros((groups, n_states + 1)), np.zeros((groups, n_states + 1))
    work = partial(_gain_sums, counted=counted, visit=visit, groups=groups)
    for place, gains, visits in tools.engine(work, numbered(counted.passes.pieces())):
        total.reshape(-1)[place] += gains
        size.reshape(-1)[place] += visits
    met = np.count_nonzero(size, axis=0) > 1
    n = np.maximum(size.sum(axis=0), 1)
    mean = total.sum(axis=0) / n
    moved = ((total - mean * size) / n).T
    moved -= np.vstack([influence.value, influence.start_value])
    largest = float(np.abs(values.value).max())
    error = np.where(met, influence.error(moved, largest), np.nan)
    difference = mean - np.append(values.value, values.start_value)
    states, start = slice(None, n_states), slice(n_states, None)
    return Gaps(difference[start], error[start]), Gaps(difference[states], error[states])


def _largest_difference(
    counted: CountedTransitions, visit: str, of: str, tools: Tools
) -> tuple[float, str] | None:
    """Return the largest |V_mc − V_ce| in standard errors of this difference, and its state."""
    z = np.abs(gaps(counted, visit, of, tools)[1].z())
    if not z.any():
        return None
    state = int(z.argmax())
    texts = counted.passes.experience.states.texts
    return float(z[state]), shown(texts[counted.model.state[state]])


def _gain_sums(
    piece_number: tuple[int, Trajectories], counted: CountedTransitions, visit: str, groups: int
) -> tuple[Ints, Floats, Floats]:
    """Return the places of sums of gains that count, these sums, and the numbers of gains.

    The place of a state is group · (S + 1) + state, and that of the start group · (S + 1) + S.
    """
    before, piece = piece_number
    prepared = counted.truncation.apply(piece)
    batch, model = prepared.trajectories, counted.model
    gain = discounted_sum(prepared.reward, batch.start, counted.gamma, prepared.tail)
    state, trajectory = model.number_of(batch.state), batch.trajectory
    n_states = len(model.state)
    known = np.append(model.state, -1)[state] == batch.state
    known &= prepared.usable_step()
    first_step = batch.start[:-1]
    starts = np.flatnonzero(known[first_step])
    start_gain = gain[first_step[starts]]
    state, trajectory, gain = state[known], trajectory[known], gain[known]
    if visit == "first":
        _, first = np.unique(trajectory * n_states + state, return_index=True)
        state, trajectory, gain = state[first], trajectory[first], gain[first]
    state = np.append(state, np.full(len(starts), n_states))
    trajectory, gain = np.append(trajectory, starts), np.append(gain, start_gain)
    group = (before + np.flatnonzero(prepared.kept)[trajectory]) % groups
    width = n_states + 1
    number, known_place = compact_codes(group * width + state, groups * width)
    n = len(known_place)
    visits = weighted_counts(number, np.ones(len(gain)), n)
    return known_place, weighted_counts(number, gain, n), visits
