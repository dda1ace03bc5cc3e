"""Rows of steps → whole trajectories: what belongs together, in which order, and how it ended.

A trajectory ends where its end is flagged, or where the trajectory column changes. Rows may be
interleaved, as parallel environments write them; then open trajectories wait for their end. Rows
that are not steps are recognised, counted and left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import Fault, InputError, listed
from rlcalc.numerics.arrays import Flags, Ints, differs_from_previous
from rlcalc.readers.column_names import NUMBERS, OF_STEPS
from rlcalc.readers.label_encoder import LabelEncoders
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.trajectories.layout import (
    TableLayout,
    detect_layout,
    ends,
    grouped_by,
    segment_begins,
    time_restarts,
)
from rlcalc.readers.trajectories.step_table import ENDS, FLAGS, Rows
from rlcalc.trajectories import Experience, Trajectories

SAMPLE = 1 << 16
"""Rows from which the layout is detected: a constant, so that it does not depend on the reader."""

LONGEST_RUN = 1 << 20
"""Rows of one trajectory that are kept together although an end is flagged among them."""

NEAR = 1 << 12
"""Rows among which the border of a trajectory is looked for first."""

LAST_ROW = "rows that hold only a last state"
PAD_ROW = "padding rows"
RESET_ROW = "reset rows"


@dataclass(frozen=True)
class Strides:
    """The steps of time inside trajectories: the smallest, how often it is, and how many are."""

    smallest: float = 0.0
    n_smallest: int = 0
    n: int = 0

    def merge(self, later: Strides) -> Strides:
        """Return those of both parts of the data."""
        if not (self.n and later.n):
            return self if self.n else later
        smallest = min(self.smallest, later.smallest)
        times = sum(one.n_smallest for one in (self, later) if one.smallest == smallest)
        return Strides(smallest, times, self.n + later.n)

    @property
    def holes(self) -> int:
        """How often time jumps; 0 where it does so more often than not, as a clock does."""
        holes = self.n - self.n_smallest
        return holes if holes <= self.n_smallest else 0


class Assembler:
    """Takes rows as they come and gives whole trajectories as soon as they are whole."""

    def __init__(
        self, experience: Experience, encoders: LabelEncoders, request: ReadRequest
    ) -> None:
        self.experience, self.encoders, self.request = experience, encoders, request
        self.layout: TableLayout | None = None
        self.previous_rows = np.empty(
            0, dtype=np.int64
        )  # arrivals of rows that were delivered already
        self.open: list[Rows] = []  # rows before the layout is known, or of trajectories still open
        self.by_environment = False  # the key is an environment's, which has many trajectories
        self.padded = False  # each file ends with a row that is not a step
        self.exact = False  # every row is a step, and each last state is that of its trajectory
        self.file_start: list[int] = []  # the arrival of each file's first row
        self.file_name: list[str] = []
        self.n_arrived = 0
        self.kinds: dict[str, np.dtype[Any]] = {}  # the columns of the first rows
        self.ended: set[int] = set()  # keys whose end was flagged; of rows in turn, the last one
        self.strides = Strides()
        self.closed: list[Ints] = []  # keys of this file that ended without a flag
        self.highest_closed = np.iinfo(np.int64).min

    def begin_file(
        self, name: str, *, by_environment: bool, padded: bool, exact: bool = False
    ) -> None:
        """Begin another file: the next rows come from it."""
        self.file_start.append(self.n_arrived)
        self.file_name.append(name)
        self.by_environment, self.padded, self.exact = by_environment, padded, exact
        self.closed, self.highest_closed = [], np.iinfo(np.int64).min

    def push(self, rows: Rows) -> list[Trajectories]:
        """Take rows of the present file; return the trajectories that are whole now."""
        if not len(rows):
            return []
        self._complete(rows)
        rows.columns["arrival"] = rows.columns.pop("row")
        rows.columns["arrival"] += self.file_start[-1]
        self.n_arrived = int(rows["arrival"][-1]) + 1
        if self.request.one_step:
            return [self._built(rows, np.arange(len(rows)))]
        layout = self.layout
        if layout is not None:
            rows = self._after_head(rows)
            if not len(rows):
                return []
        if layout is None:
            self.open.append(rows)
            if sum(map(len, self.open)) < SAMPLE:
                return []
            layout = self._require_layout()
            assert layout is not None
        elif layout.hold or self._goes_on(rows):
            self.open.append(rows)
            return []
        else:
            done, rest = self._completed(rows)
            self.open.append(rest)
            return done + self._whole(last=False)
        return [] if layout.hold else self._whole(last=False)

    def _after_head(self, rows: Rows) -> Rows:
        """Return the rows that do not belong to trajectories of an earlier source: all of them."""
        return rows

    def _require_layout(self) -> TableLayout | None:
        """Return the layout, from the rows so far where it is not known; None without any."""
        if self.layout is None and self.open:
            self.layout = self._detected_layout()
            rows = self._after_head(Rows.moved(self.open))
            self.open = [rows] if len(rows) else []
        return self.layout

    def take_open(self, rows: Rows, layout: TableLayout, names: Mapping[int, str]) -> None:
        """Take rows of several files that are in order, and wait for `finish`.

        Args:
            rows: with their `arrival`, and a `key` for all trajectories that may be one.
            layout: of all files.
            names: of the files, by the arrival of their first rows.
        """
        self.layout, self.open, self.by_environment = layout, [rows], True
        self.file_start, self.file_name = sorted(names), [names[one] for one in sorted(names)]
        self.n_arrived = int(rows["arrival"].max()) + 1

    def _complete(self, rows: Rows) -> None:
        """Give rows the columns that rows of earlier files have; refuse what cannot be made up."""
        if not self.kinds:
            self.kinds = {name: column.dtype for name, column in rows.columns.items()}
        for name in set(self.kinds) ^ set(rows.columns):
            empty = False if name in FLAGS else np.nan
            if name in (*FLAGS, *NUMBERS) and name in self.kinds:
                rows.columns[name] = np.full(len(rows), empty, dtype=self.kinds[name])
            elif name in (*FLAGS, *NUMBERS):  # rows of before that are still open had none
                self.kinds[name] = rows.columns[name].dtype
                for part in self.open:
                    part.columns[name] = np.full(len(part), empty, dtype=self.kinds[name])
            else:
                raise InputError(
                    f"the files differ: some have a column for the {name}, others have none",
                    self.file_name[-1],
                    "read them one by one, or give all of them the same columns",
                )

    def _completed(self, rows: Rows) -> tuple[list[Trajectories], Rows]:
        """Return what the first rows complete, and the other rows, which are then not copied."""
        layout = self.layout
        assert layout is not None
        simple = not (layout.interleaved or layout.resets or self.padded or "is_first" in rows)
        if not (simple and self.open):
            return [], rows
        first = 0
        for near in (NEAR, len(rows)):  # most often it is among the first rows
            part = rows.take(slice(near))
            if layout.keyed:
                following = part["key"] != self.open[-1]["key"][-1]
            else:
                following = np.append(False, ends(part)[:-1])
            first = int(np.argmax(following))
            if following[first]:
                break
        else:
            return [], rows
        self.open.append(rows.take(slice(first)))
        return self._whole(last=True), rows.take(slice(first, len(rows)))

    def finish(self) -> list[Trajectories]:
        """Return the trajectories that are whole because nothing more comes."""
        self._require_layout()
        batches = self._whole(last=True) if self.open else []
        self.experience.count_oddity("holes_in_time", self.strides.holes)
        return batches

    def _file_of(self, rows: Rows) -> Ints:
        return np.searchsorted(self.file_start, rows["arrival"], side="right") - 1

    def _other_file(self, rows: Rows) -> Flags:
        """[N] whether a row is of another file than the one before; [1] where all are of one."""
        if len(self.file_start) == 1 or self.file_start[-1] <= rows["arrival"][0]:
            return np.zeros(1, dtype=bool)
        return differs_from_previous(self._file_of(rows))

    def _where(self, rows: Rows, which: NDArray[np.int64]) -> str:
        """Say where some rows stand."""
        file = self._file_of(rows)[which]
        row = rows["arrival"][which] - np.array(self.file_start)[file] + 1
        first = file[0]
        return f"{self.file_name[first]}, row {listed(row[file == first].tolist(), 5)}"

    def _detected_layout(self) -> TableLayout:
        sample = Rows.joined(self.open).take(slice(SAMPLE))
        ordered = self.request.order_by is not None
        layout = detect_layout(sample, self._file_of(sample), self.file_name[-1], ordered=ordered)
        return replace(layout, resets=False, restarted=False) if self.exact else layout

    def _goes_on(self, rows: Rows) -> bool:
        """Whether nothing became whole with these rows: cheap, for trajectories of many blocks."""
        layout = self.layout
        assert layout is not None
        if ends(rows).any() or "is_first" in rows or ("time" in rows and not layout.keyed):
            return False
        if layout.interleaved:
            return True
        return bool(self.open) and (
            not layout.keyed or bool((rows["key"] == self.open[0]["key"][-1]).all())
        )

    def _whole(self, *, last: bool) -> list[Trajectories]:
        """Return what is whole among the open rows, and keep the rest."""
        layout = self.layout
        assert layout is not None
        rows = Rows.moved(self.open)
        if layout.keyed and (layout.interleaved or layout.hold):
            rows = rows.take(grouped_by(rows["key"], self._file_of(rows) if layout.hold else None))
        if layout.keyed and "time" in rows:
            rows = self._in_time_order(rows)
        if layout.resets:
            rows = self._without_resets(rows)
        if not len(rows):
            self.open = []
            return []
        begins = self._begins(rows)
        begin = np.flatnonzero(begins)
        final = np.append(begin[1:], len(rows)) - 1
        ended = ends(rows)[final]
        whole = np.ones(len(begin), dtype=bool) if last else ended.copy()
        if not last and not layout.interleaved:
            whole[:] = True
            whole[-1] = ended[-1]
            if layout.keyed and not self.by_environment:
                whole &= self._run_is_over(rows, begin)
        is_previous = np.zeros(len(rows), dtype=bool)
        if len(self.previous_rows):
            is_previous = np.isin(rows["arrival"], self.previous_rows)
            whole &= ~is_previous[begin]
        self._keep(rows, begin, whole, is_previous, last=last)
        if layout.keyed and not layout.interleaved and not self.by_environment:
            self._close(rows, begin[whole & ~ended])
        return self._emitted(rows, begin, final, whole, ended)

    def _run_is_over(self, rows: Rows, begin: Ints) -> Flags:
        """Which segments are not of the last key: its other rows may still come, in any order."""
        key, run = rows["key"], 0
        for near in (NEAR, len(rows)):
            other = np.flatnonzero(key[-near:] != key[-1])
            if len(other):
                run = len(key) - min(near, len(key)) + int(other[-1]) + 1
                break
        return begin < run if len(rows) - run <= LONGEST_RUN else np.ones(len(begin), dtype=bool)

    def _keep(
        self, rows: Rows, begin: Ints, whole: Flags, is_previous: Flags, *, last: bool
    ) -> None:
        """Keep the rows of open trajectories, and the last rows before where they are needed.

        A previous row is the last row of a trajectory that was delivered already.
        """
        if last:
            self.open, self.previous_rows = [], np.empty(0, dtype=np.int64)
            return
        layout = self.layout
        simple = not (len(self.previous_rows) or self.padded or (layout and layout.resets))
        if simple and whole[:-1].all():
            self.open = [] if whole[-1] else [rows.take(slice(int(begin[-1]), len(rows)))]
            return
        waits = np.repeat(~whole, np.diff(np.append(begin, len(rows)))) & ~is_previous
        if layout is not None and (layout.resets or self.padded):
            group = rows["key"] if layout.interleaved else np.zeros(len(rows))
            is_last_seen = np.append(differs_from_previous(group)[1:], True) & ~waits
            self.previous_rows = rows["arrival"][is_last_seen]
            waits = waits | is_last_seen
        left = np.flatnonzero(waits)
        left = left[np.argsort(rows["arrival"][left], kind="stable")]
        self.open = [rows.take(left)] if len(left) else []

    def _emitted(
        self, rows: Rows, begin: Ints, final: Ints, whole: Flags, ended: Flags
    ) -> list[Trajectories]:
        chosen = np.flatnonzero(whole)
        if self.padded:
            chosen = self._without_pads(rows, begin, final, chosen)
        if not len(chosen):
            return []
        if self.layout is not None and self.layout.interleaved and not self.layout.hold:
            # in the order in which they ended, whatever the blocks; those that never did come last
            arrival = rows["arrival"]
            when = np.where(ended, arrival[final], self.n_arrived + arrival[begin])
            chosen = chosen[np.argsort(when[chosen], kind="stable")]
        self._count_rows_after_ends(rows, begin[chosen], ended[chosen])
        length = (final - begin + 1)[chosen]
        start = np.concatenate([[0], np.cumsum(length)])
        if np.array_equal(chosen, np.arange(len(chosen))):
            rows = rows.take(slice(int(start[-1])))
        else:
            within = np.arange(start[-1]) - np.repeat(start[:-1], length)
            rows = rows.take(np.repeat(begin[chosen], length) + within)
        return [self._built(rows, start[:-1])]

    def _count_rows_after_ends(self, rows: Rows, begin: Ints, ended: Flags) -> None:
        """Count trajectories whose key had an end before."""
        layout = self.layout
        if layout is None or not layout.keyed or not layout.flagged or self.by_environment:
            return
        key = rows["key"][begin]
        if layout.interleaved:
            after = np.zeros(len(key), dtype=bool)
            for n, (one, over) in enumerate(zip(key.tolist(), ended.tolist(), strict=True)):
                after[n] = one in self.ended
                if over:
                    self.ended.add(one)
        else:  # only the trajectory before can have had an end
            after = np.append(int(key[0]) in self.ended, (key[1:] == key[:-1]) & ended[:-1])
            self.ended = {int(key[-1])} if ended[-1] else set()
        if after.any():
            where = self._where(rows, begin[after][:1])
            self.experience.count_oddity("goes_on_after_end", int(after.sum()), where)

    def _count_strides(self, rows: Rows, begin: Ints) -> None:
        """Count the steps of time inside trajectories, and the smallest of them."""
        if "time" not in rows or len(rows) == len(begin):
            return
        inside = np.delete(np.diff(rows["time"]), begin[1:] - 1)
        smallest = float(inside.min())
        n = int(np.count_nonzero(inside == smallest))
        self.strides = self.strides.merge(Strides(smallest, n, len(inside)))

    def _begins(self, rows: Rows) -> Flags:
        """[N] whether a trajectory begins with this row; rows are grouped and in order."""
        layout = self.layout
        assert layout is not None
        begins = segment_begins(rows, layout)
        other = self._other_file(rows)
        if layout.keyed and len(other) == 1:
            return begins
        ordered = "time" in rows or (layout.keyed and layout.flagged)
        return begins | (other & (time_restarts(rows) if ordered else True))

    def _in_time_order(self, rows: Rows) -> Rows:
        """Sort the rows of each key by time where they are not; refuse a time that comes twice."""
        time = rows["time"]
        back = np.zeros(len(rows), dtype=bool)
        np.less_equal(time[1:], time[:-1], out=back[1:])
        back[1:] &= rows["key"][1:] == rows["key"][:-1]
        other = self._other_file(rows)
        back &= ~other
        if not back.any():
            return rows
        change = differs_from_previous(rows["key"]) | other
        run = np.cumsum(change) - 1
        n_runs = int(run[-1]) + 1
        ended = ends(rows)
        order = np.lexsort([np.arange(len(rows)), time, run])
        twice = ~differs_from_previous(run[order])
        twice[1:] &= np.diff(time[order]) == 0
        n_twice = np.bincount(run[order], twice, n_runs)
        n_ended = np.bincount(run, ended, n_runs)
        unexplained = back.copy()
        unexplained[1:] &= ~ended[:-1]
        sortable = (n_twice == 0) & (n_ended <= 1)
        faulty = ~sortable & (np.bincount(run, unexplained, n_runs) > 0)
        if faulty.any():
            wrong = order[twice & faulty[run[order]]]
            wrong = wrong if len(wrong) else np.flatnonzero(unexplained & faulty[run])
            self.experience.fault(
                Fault(
                    f"a trajectory has the same time twice: {time[wrong[0]]:g}"
                    if n_twice[faulty].any()
                    else "a trajectory goes on after its end",
                    self._where(rows, wrong),
                    "leave out the duplicates, or name the column that identifies the trajectory: "
                    "--columns trajectory=COLUMN",
                )
            )
        arranged = np.where(sortable[run], order, np.arange(len(rows)))
        return rows.take(arranged[~faulty[run[arranged]]])

    def _without_resets(self, rows: Rows) -> Rows:
        ended = ends(rows)
        reset = np.zeros(len(rows), dtype=bool)
        reset[1:] = ended[:-1] & (rows["state"][1:] == rows["next_state"][:-1])
        reset &= (rows["reward"] == 0) & ~ended
        if self.layout is not None and self.layout.interleaved:
            reset &= ~differs_from_previous(rows["key"])
        self.experience.left_out.update({RESET_ROW: int(reset.sum())} if reset.any() else {})
        return rows.take(~reset)

    def _without_pads(self, rows: Rows, begin: Ints, final: Ints, chosen: Ints) -> Ints:
        """Leave out segments of one row, the last of its file, that follow an end."""
        one = (begin == final) & ~ends(rows)[final] & (rows["reward"][begin] == 0) & (begin > 0)
        one[1:] &= ends(rows)[final[:-1]]
        arrival = rows["arrival"][final]
        one &= np.isin(arrival + 1, [*self.file_start[1:], self.n_arrived])
        pads = chosen[one[chosen]]
        if len(pads):
            self.experience.left_out[PAD_ROW] += len(pads)
        left: Ints = chosen[~one[chosen]]
        return left

    def _close(self, rows: Rows, begin: Ints) -> None:
        """Remember whose trajectories ended without a flag; refuse them when they come again."""
        here = begin[rows["arrival"][begin] >= self.file_start[-1]]
        keys = rows["key"][here]
        if not len(keys):
            return
        if keys[0] <= self.highest_closed or np.any(np.diff(keys) <= 0):
            keys = np.sort(keys)
            again = keys[1:][np.diff(keys) == 0]
            for known in self.closed:
                place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
                again = np.concatenate([again, keys[known[place] == keys]])
            if len(again):
                which = begin[np.isin(rows["key"][begin], again)]
                self.experience.fault(
                    Fault(
                        "rows of a trajectory come after those of another",
                        self._where(rows, which),
                        "sort the rows by trajectory, or add --order-by COLUMN (needs memory)",
                    )
                )
        self.closed.append(keys)
        while len(self.closed) > 1 and 2 * len(self.closed[-1]) >= len(self.closed[-2]):
            self.closed[-2:] = [np.sort(np.concatenate(self.closed[-2:]))]  # few, and each sorted
        self.highest_closed = max(self.highest_closed, int(keys[-1]))

    def _built(self, rows: Rows, begin: Ints) -> Trajectories:
        """Return the trajectories that begin at these rows, which are in order and all there."""
        experience, n = self.experience, len(rows)
        final = np.append(begin[1:], n) - 1
        flags = {name: rows[name][final] for name in (*ENDS, "is_terminal") if name in rows}
        none = np.zeros(len(begin), dtype=bool)
        terminated, truncated = flags.get("terminated", none), flags.get("truncated", none)
        done = flags.get("done", none) & ~terminated & ~truncated
        terminated = terminated | self._told_by_done(rows, begin, done if flags else None)
        is_last = flags.get("is_last", none)
        if "is_last" in flags:
            is_terminal = flags.get("is_terminal", none)
            terminated = terminated | (is_last & is_terminal)
            truncated = truncated | (is_last & ~is_terminal)
        if self.request.one_step and not flags:
            terminated = ~none
        cut_off = none if not flags or self.request.one_step else ~(terminated | truncated | done)
        if done.any():
            experience.note(
                "a column marks trajectories as done without the reason: they count as terminated "
                "unless --columns truncated=COLUMN names the truncated ones"
            )
        if cut_off.any():
            experience.note(
                "some trajectories stop although no end is flagged: they count as truncated; if a "
                "file ends in the middle of one, only a trajectory column lets it go on in the next"
            )
        after: dict[str, NDArray[Any] | None] = {"last_state": None, "last_value": None}
        if "next_state" in rows and not (self.layout and self.layout.restarted):
            after["last_state"] = rows["next_state"][final]
        if "next_value" in rows:
            after["last_value"] = rows["next_value"][final]
        if is_last.any():
            after["last_state"] = np.where(is_last, rows["state"][final], -1).astype(np.int32)
            if "value" in rows:
                after["last_value"] = np.where(is_last, rows["value"][final], np.nan)
            rows, begin, kept = self._without_last_rows(rows, begin, final, is_last)
            terminated, truncated, cut_off = terminated[kept], truncated[kept], cut_off[kept]
            after = {name: None if v is None else v[kept] for name, v in after.items()}
        self._count_strides(rows, begin)
        optional: dict[str, Any] = {
            field.name: rows[field.name]
            for field in fields(Trajectories)
            if field.name in OF_STEPS and field.name in rows
        }
        if self.request.identify:
            optional |= {"row": rows["arrival"], **self._identity(rows, begin)}
        return Trajectories(
            start=np.append(begin, len(rows)),
            state=rows["state"],
            action=rows["action"],
            reward=rows["reward"],
            terminated=terminated,
            truncated=truncated | cut_off,
            cut_off=cut_off if cut_off.any() else None,
            states=experience.states,
            actions=experience.actions,
            **after,  # type: ignore[arg-type]
            **optional,
        )

    def _told_by_done(self, rows: Rows, begin: Ints, done: Flags | None) -> Flags:
        """[E] whether a flag without a reason ends a trajectory, and the request takes it so.

        Without flags of ends it is the row after it: the first of the environment's next.
        """
        if self.request.done == "unsaid" or (done is None and "is_first" not in rows):
            return np.zeros(len(begin), dtype=bool)
        if done is not None:
            return done
        following = rows["is_first"][begin[1:]]
        if "key" in rows:
            following = following & ~differs_from_previous(rows["key"])[begin[1:]]
        return np.append(following, False)

    def _identity(self, rows: Rows, begin: Ints) -> dict[str, Any]:
        optional: dict[str, Any] = {}
        if "time" in rows and np.array_equal(rows["time"], np.trunc(rows["time"])):
            optional["time"] = rows["time"].astype(np.int64)
        if "name" in rows and not self.by_environment:
            texts = self.encoders.name.labels.texts
            optional["name"] = [texts[code] for code in rows["name"][begin].tolist()]
        return optional

    def _without_last_rows(
        self, rows: Rows, begin: Ints, final: Ints, is_last: Flags
    ) -> tuple[Rows, Ints, Flags]:
        """Leave out rows that hold only a last state, and trajectories that have nothing else."""
        kept = ~(is_last & (begin == final))
        if not kept.all():
            self.experience.fault(
                Fault(
                    "a trajectory with no steps: its only row is its last state",
                    self._where(rows, final[~kept]),
                    "leave it out",
                )
            )
        self.experience.left_out[LAST_ROW] += int(is_last.sum())
        step = np.ones(len(rows), dtype=bool)
        step[final[is_last]] = False
        length = (final - begin + 1 - is_last)[kept]
        return rows.take(step), np.concatenate([[0], np.cumsum(length)[:-1]]), kept
