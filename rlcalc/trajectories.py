"""Experience as flat arrays: labels, trajectories laid end to end, and a stream of them.

The one rule of time: reward[t] is r_t, the answer to action[t] in state[t], so
G_t = r_t + γ G_{t+1}. How files become these arrays is for the readers, and what is computed on
them for the estimators.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from rlcalc.errors import Fault, InputError, ShapeError, shown
from rlcalc.labels import Label, Labels, text_of_label
from rlcalc.numerics.arrays import Codes, Flags, Floats, Ints, refuse_entries
from rlcalc.numerics.probabilities import LARGEST_LOG_PROB, POSSIBLE, POSSIBLE_LOG, impossible
from rlcalc.result import Column, Result

if TYPE_CHECKING:
    from numpy.typing import NDArray


LARGEST_GAIN = 1e150
"""The square of a larger gain may be no number."""

PIECE_STEPS = 1 << 18
"""Steps in a piece of work: a constant, so that sums are grouped alike however the data arrive."""

SHOWN_STEPS = 10
"""Steps that a notebook shows of a stream."""


@dataclass(frozen=True)
class Trajectories:
    """T steps of E trajectories, laid end to end. Trajectory e is the steps start[e] : start[e+1].

    A trajectory that is neither terminated nor truncated does not say how it ended.
    """

    start: Ints  # [E + 1] offsets, from 0 to T
    state: Codes  # [T] s_t, a number in `states`
    action: Codes  # [T] a_t, a number in `actions`
    reward: Floats  # [T] r_t, in reward units
    terminated: Flags  # [E] the world ended: nothing follows
    truncated: Flags  # [E] we stopped looking: something would have followed
    states: Labels
    actions: Labels
    cut_off: Flags | None = None  # [E] truncated by the end of the data: nothing flags an end
    last_state: Codes | None = None  # [E] s_{n+1}, -1 where it is unknown
    last_value: Floats | None = None  # [E] V(s_{n+1}), NaN where it is unknown
    value: Floats | None = None  # [T] V(s_t), somebody's estimate
    next_value: Floats | None = None  # [T] V of the state after step t, NaN where it is unknown
    action_value: Floats | None = None  # [T] Q(s_t, a_t)
    advantage: Floats | None = None  # [T] A_t of the program that wrote the source
    log_prob: Floats | None = None  # [T] log π(a_t|s_t) of the policy that is judged
    behaviour_prob: Floats | None = None  # [T] the probability with which a_t was really taken
    old_log_prob: Floats | None = None  # [T] log b(a_t|s_t) of the policy that took a_t
    time: Ints | None = None  # [T] the source's own step numbers
    row: Ints | None = None  # [T] where the step stands in the source, for answers in input order
    name: Sequence[Label] | None = None  # [E] what the source calls the trajectory

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together.

        Raises:
            ShapeError: an array has not one entry a step, or one a trajectory.
        """
        steps, trajectories = len(self.reward), len(self.start) - 1
        for name, value in self._arrays():
            expected = trajectories if name in PER_TRAJECTORY else steps
            if len(value) != expected:
                raise ShapeError(
                    f"{name} has {len(value):,} entries, expected {expected:,}",
                    fix=f"there are {steps:,} steps in {trajectories:,} trajectories",
                )
        if trajectories < 0 or self.start[0] != 0 or self.start[-1] != steps:
            raise ShapeError(
                f"start does not lead from 0 to the {steps:,} steps",
                fix="give one offset a trajectory, and the number of steps at the end",
            )
        if np.any(np.diff(self.start) < 1):
            raise ShapeError("a trajectory has no steps", fix="leave it out: offsets must rise")

    def _arrays(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and the array of what is known of each step and of each trajectory."""
        for array in fields(self):
            value = getattr(self, array.name)
            if not (value is None or isinstance(value, Labels) or array.name == "start"):
                yield array.name, value

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def n_steps(self) -> int:
        """T, the number of steps of all trajectories together."""
        return len(self.reward)

    def complete(self) -> bool:
        """Return whether every step has a state, an action and a finite reward."""
        known = (self.state.min(initial=0) >= 0) and (self.action.min(initial=0) >= 0)
        return bool(known and np.isfinite(self.reward).all())

    @property
    def flagged_truncated(self) -> Flags:
        """[E] whether a flag marks the trajectory as truncated, and none as terminated."""
        truncated = self.truncated & ~self.terminated
        return truncated if self.cut_off is None else truncated & ~self.cut_off

    @property
    def length(self) -> Ints:
        """[E] the number of steps of each trajectory."""
        return np.diff(self.start)

    @property
    def trajectory(self) -> Ints:
        """[T] the number of the trajectory that each step belongs to."""
        return np.repeat(np.arange(len(self)), self.length)

    @property
    def time_since_start(self) -> Ints:
        """[T] the time of each step in its trajectory, from 0, whatever numbers the source has."""
        return np.arange(self.n_steps) - np.repeat(self.start[:-1], self.length)

    @property
    def source_order(self) -> Ints | slice:
        """What puts [T] values into the order of the source; a slice where they stand in it."""
        if self.row is None or bool((np.diff(self.row) > 0).all()):
            return slice(None)
        return np.argsort(self.row, kind="stable")

    @classmethod
    def from_arrays(
        cls,
        state: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        *,
        length: ArrayLike | None = None,
        terminated: ArrayLike | None = None,
        truncated: ArrayLike | None = None,
        **optional: ArrayLike,
    ) -> Trajectories:
        """Return trajectories from numpy arrays, whose labels may be anything that prints.

        Args:
            state: [T] labels of s_t.
            action: [T] labels of a_t.
            reward: [T] r_t.
            length: [E] steps of each trajectory, laid end to end; default one trajectory.
            terminated: [E] flags; default none.
            truncated: [E] flags; default none.
            **optional: `value`, `next_value`, `advantage`, `log_prob`, `behaviour_prob`,
                `old_log_prob` [T], `last_value` [E], by default `next_value` of the last steps.

        Raises:
            ShapeError: lengths that do not fit each other.
            InputError: a reward that is not finite, a `behaviour_prob` outside 0..1, or a
                `log_prob` or `old_log_prob` above 0.
        """
        for name, labels in (("state", state), ("action", action)):
            if np.ndim(labels) > 1:
                raise ShapeError(
                    f"{name} has {np.ndim(labels)} axes, and a label is one entry",
                    fix="name each state: by a number, a text, or the bin that its vector is in",
                )
        rewards = np.asarray(reward, dtype=np.float64)
        refuse_entries(rewards, ~np.isfinite(rewards), "reward", "a finite number")
        taken = np.asarray(optional.get("behaviour_prob", 1.0), dtype=np.float64)
        refuse_entries(taken, impossible(taken), "behaviour_prob", POSSIBLE)
        for name in ("log_prob", "old_log_prob"):
            logarithm = np.asarray(optional.get(name, 0.0), dtype=np.float64)
            refuse_entries(logarithm, logarithm > LARGEST_LOG_PROB, name, POSSIBLE_LOG)
        lengths = np.asarray([len(rewards)] if length is None else length, dtype=np.int64)
        start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        after = np.asarray(optional.get("next_value", []), dtype=np.float64)
        if len(after) == len(rewards) == start[-1] and lengths.min(initial=1) > 0:
            optional.setdefault("last_value", after[start[1:] - 1])
        none = np.zeros(len(lengths), dtype=bool)
        states, actions = Labels(), Labels()
        return cls(
            start=start,
            state=_encoded(state, states),
            action=_encoded(action, actions),
            reward=rewards,
            terminated=none if terminated is None else np.asarray(terminated, dtype=bool),
            truncated=none if truncated is None else np.asarray(truncated, dtype=bool),
            states=states,
            actions=actions,
            **{name: np.asarray(array, dtype=np.float64) for name, array in optional.items()},  # type: ignore[arg-type]
        )

    def cut(self, first: int, last: int) -> Trajectories:
        """Return the trajectories first : last, as views wherever that is possible."""
        begin, end = int(self.start[first]), int(self.start[last])
        changes: dict[str, object] = {"start": self.start[first : last + 1] - begin}
        for name, value in self._arrays():
            per_trajectory = name in PER_TRAJECTORY
            changes[name] = value[first:last] if per_trajectory else value[begin:end]
        return replace(self, **changes)  # type: ignore[arg-type]

    def parts(self, steps: int) -> Iterator[Trajectories]:
        """Yield parts of so many steps, more or less, of whole trajectories."""
        borders = np.searchsorted(self.start, np.arange(steps, self.n_steps, steps))
        edges = np.unique(np.concatenate([[0], borders, [len(self)]])).tolist()
        for first, last in pairwise(edges):
            yield self.cut(first, last)

    def select(self, chosen: Flags) -> Trajectories:
        """Return only the chosen trajectories.

        Args:
            chosen: [E] which ones stay.
        """
        if chosen.all():
            return self
        step = np.repeat(chosen, self.length)
        lengths = self.length[chosen]
        changes: dict[str, object] = {"start": np.concatenate([[0], np.cumsum(lengths)])}
        for name, value in self._arrays():
            if name == "name":
                changes[name] = [one for one, stays in zip(value, chosen, strict=True) if stays]
            else:
                changes[name] = value[chosen if name in PER_TRAJECTORY else step]
        return replace(self, **changes)  # type: ignore[arg-type]


PER_TRAJECTORY = {"terminated", "truncated", "cut_off", "last_state", "last_value", "name"}


def _entries(batch: Trajectories, name: str) -> int:
    return len(batch) if name in PER_TRAJECTORY else batch.n_steps


def _encoded(labels: ArrayLike, into: Labels) -> Codes:
    array = np.asarray(labels)
    into.textual = array.dtype.kind not in "iuf"
    names, first, number = np.unique(array, return_index=True, return_inverse=True)
    in_order = np.argsort(first)
    codes = np.empty(len(names), dtype=np.int32)
    codes[in_order] = into.encode(map(text_of_label, names[in_order].tolist()))
    return codes[number.reshape(-1)]


def concatenate(batches: Sequence[Trajectories]) -> Trajectories:
    """Return one batch that holds the trajectories of several, in their order.

    A field that any of them lacks is left out, save values and last states, which are then
    unknown.
    """
    if len(batches) == 1:
        return batches[0]
    offsets = np.cumsum([0] + [batch.n_steps for batch in batches])
    parts = [batch.start[1:] + offset for batch, offset in zip(batches, offsets, strict=False)]
    changes: dict[str, object] = {"start": np.concatenate([np.zeros(1, np.int64), *parts])}
    for array in fields(Trajectories):
        values = [getattr(batch, array.name) for batch in batches]
        if array.name == "start" or isinstance(values[0], Labels):
            continue
        if array.name in UNKNOWN and any(value is not None for value in values):
            values = [
                np.full(_entries(batch, array.name), UNKNOWN[array.name])
                if value is None
                else value
                for batch, value in zip(batches, values, strict=True)
            ]
        if any(value is None for value in values):
            changes[array.name] = None
        elif array.name == "name":
            changes["name"] = [name for value in values for name in value]
        else:
            changes[array.name] = np.concatenate(values)
    return replace(batches[0], **changes)  # type: ignore[arg-type]


UNKNOWN: Mapping[str, np.generic] = {
    "cut_off": np.False_,
    "last_state": np.int32(-1),
    "last_value": np.float64("nan"),
    "value": np.float64("nan"),
    "next_value": np.float64("nan"),
    "advantage": np.float64("nan"),
    "action_value": np.float64("nan"),
}


@dataclass(repr=False)
class Experience:
    """Trajectories on their way in: batches of whole ones, and what the reader counted and noted.

    The batches can be gone through once. All of them share `states` and `actions`.
    """

    batches: Iterator[Trajectories]
    states: Labels
    actions: Labels
    gamma: float | None = None  # what the source says; None where it says nothing
    facts: dict[str, Any] = field(default_factory=dict)  # of a simulation: its policy, seed, gamma
    kinds: list[str] = field(default_factory=list)  # the formats of the files, in their order
    n_rows: int = 0  # rows, lines or trajectories as they stand in the source, so far
    left_out: Counter[str] = field(default_factory=Counter)  # rows that are not steps, by reason
    notes: list[str] = field(default_factory=list)  # what the reader has to say, once each
    oddities: Counter[str] = field(default_factory=Counter)  # readable, but not as expected
    places: dict[str, str] = field(default_factory=dict)  # where each oddity shows first
    disagreement: Fault | None = None  # two files that give different discount factors
    faults: list[Fault] | None = None  # a list collects what is wrong; None stops at the first

    def require_one_gamma(self, gamma: float | None, used: float) -> None:
        """Refuse sources with different discount factors, unless `gamma` overrides them.

        Raises:
            InputError: gamma is None, and the sources have different discount factors.
        """
        if gamma is not None:
            return
        if self.disagreement:
            raise InputError.of([self.disagreement])
        if self.gamma not in (None, used):
            raise InputError(
                f"gamma is {self.gamma:g} in a later file, but the files before it have none",
                fix="use --gamma, or list that file first",
            )

    def fault(self, *faults: Fault) -> None:
        """Report faults.

        Raises:
            InputError: unless faults are being collected.
        """
        if self.faults is None:
            raise InputError.of(faults)
        self.faults += faults

    def note(self, text: str) -> None:
        """Note something about the source, once."""
        if text not in self.notes:
            self.notes.append(text)

    def count_oddity(self, kind: str, n: int, where: str = "") -> None:
        """Count something that can be read, but is probably not as it was meant.

        Args:
            kind: one of `ODDITIES`.
            n: how often it was met.
            where: the place of the first one.
        """
        if n:
            self.oddities[kind] += n
            self.places.setdefault(kind, where)

    def note_oddities(self) -> None:
        """Note each kind of oddity once, with its number."""
        for kind, n in self.oddities.items():
            where = f" ({self.places[kind]})" if self.places[kind] else ""
            times = "once" if n == 1 else f"{n:,} times"
            self.note(ODDITIES[kind].format(n=f"{n:,}", times=times, where=where))

    def __iter__(self) -> Iterator[Trajectories]:
        return self.batches

    @classmethod
    def of(cls, trajectories: Trajectories, gamma: float | None = None) -> Experience:
        """Return a stream of one batch, which is in memory already."""
        return cls(iter([trajectories]), trajectories.states, trajectories.actions, gamma)

    def whole(self) -> Trajectories:
        """Return all trajectories as one batch; for what fits into memory."""
        batches = list(self.batches)
        return concatenate(batches) if batches else nothing(self.states, self.actions)

    def first_steps(self, most: int = SHOWN_STEPS) -> Result:
        """Return the first steps as a table, without using them up; facts tell of the source."""
        first = next(self.batches, None)
        facts = {name: value for name, value in self.facts.items() if name != "buffers"}
        if first is None:
            return Result("trajectories", "Trajectories", {}, facts)
        self.batches = chain([first], self.batches)
        part = first.cut(0, int(np.searchsorted(first.start, most)))
        chosen = slice(0, min(most, part.n_steps))
        columns = {
            "trajectory": Column(names_of_steps(part)[chosen], "key"),
            "t": Column(part.time_since_start[chosen], "key"),
        }
        for name, labels, codes in (
            ("state", self.states, part.state),
            ("action", self.actions, part.action),
        ):
            if len(labels):
                columns[name] = Column(labels.named(codes[chosen]), "key")
        columns["reward"] = Column(part.reward[chosen], symbol="r")
        return Result("trajectories", "Trajectories, the first steps", columns, facts)

    def __repr__(self) -> str:
        """Return one line about the stream, of which nothing is read."""
        facts = ", ".join(f"{name} {shown(value)}" for name, value in self.facts.items())
        return (
            f"<Experience{': ' if facts else ''}{facts}; whole() reads it, first_steps() shows it>"
        )

    def _repr_html_(self) -> str:
        return self.first_steps()._repr_html_()

    def pieces(self, steps: int = PIECE_STEPS) -> Iterator[Trajectories]:
        """Yield the same trajectories in pieces whose borders depend on the data alone.

        A trajectory belongs to the piece number ⌊b / steps⌋, where b counts all steps before it:
        however a reader cuts its batches, the pieces are the same.
        """
        piece: list[Trajectories] = []
        before = 0  # steps that came before this batch
        number = 0  # the piece that is being collected
        for batch in self.batches:
            piece_of = (batch.start[:-1] + before) // steps
            borders = np.flatnonzero(np.diff(piece_of, prepend=number))
            edges = [0, *borders.tolist(), len(batch)]
            for first, last in pairwise(edges):
                if first in borders and piece:
                    yield concatenate(piece)
                    piece = []
                if last > first:
                    piece.append(batch.cut(first, last))
            number = int(piece_of[-1]) if len(batch) else number
            before += batch.n_steps
        if piece:
            yield concatenate(piece)


ODDITIES = {
    "goes_on_after_end": "rows come after the end of their trajectory {times}{where}: they count "
    "as another trajectory",
    "holes_in_time": "time jumps {times} inside a trajectory{where}: steps may be missing",
    "contradictory_probabilities": "log_prob and behaviour_prob contradict each other {times}"
    "{where}: behaviour_prob counts as the probability of the action",
    "probabilities_above_1": "the probabilities of actions sum to more than 1 in {n} of the "
    "states{where}: they are not of one policy",
}
"""What is readable, but probably not as it was meant: kinds, and the note of each."""


def contradicting_probabilities(batch: Trajectories) -> int:
    """Return in how many steps the two probabilities differ by more than float32 rounds."""
    if batch.log_prob is None or batch.behaviour_prob is None:
        return 0
    chance = np.exp(batch.log_prob)
    larger = np.maximum(chance, batch.behaviour_prob)
    return int(np.count_nonzero(np.abs(chance - batch.behaviour_prob) > 1e-3 * larger))


def contradicting_values(batch: Trajectories) -> Ints:
    """Return the steps whose next_value differs from the next row's value by more than rounding."""
    if batch.value is None or batch.next_value is None:
        return np.empty(0, dtype=np.int64)
    inside = np.ones(batch.n_steps, dtype=bool)
    inside[batch.start[1:] - 1] = False
    step = np.flatnonzero(inside)
    value = batch.value[step + 1]
    wrong: Flags = np.abs(batch.next_value[step] - value) > 1e-5 * np.maximum(1.0, np.abs(value))
    return step[wrong]


def nothing(states: Labels, actions: Labels) -> Trajectories:
    """Return no trajectories at all."""
    return Trajectories(
        start=np.zeros(1, np.int64),
        state=np.empty(0, np.int32),
        action=np.empty(0, np.int32),
        reward=np.empty(0),
        terminated=np.empty(0, bool),
        truncated=np.empty(0, bool),
        states=states,
        actions=actions,
    )


def next_states(batch: Trajectories) -> NDArray[np.int32]:
    """Return [T] the state after each step; the last state of a trajectory is known."""
    assert batch.last_state is not None
    following = np.empty(batch.n_steps, dtype=np.int32)
    following[:-1] = batch.state[1:]
    following[batch.start[1:] - 1] = batch.last_state
    return following


def names_of_steps(batch: Trajectories, unnamed: Sequence[int] | None = None) -> NDArray[Any]:
    """Return [T] the name of the trajectory of each step: numbers if all names are numbers.

    Args:
        batch: the trajectories.
        unnamed: [E] their numbers where the source gives no names; default from 0.
    """
    if batch.name is None:
        numbers = np.arange(len(batch)) if unnamed is None else np.array(unnamed, dtype=np.int64)
        return numbers[batch.trajectory]
    labels = Labels()
    return labels.named(labels.encode(map(str, batch.name)))[batch.trajectory]
