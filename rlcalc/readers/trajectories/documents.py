"""Validated documents → trajectories. Each of the three forms is brought into columns first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from pydantic import ValidationError

from rlcalc.documents import (
    Lists,
    Step,
    adapter,
    document_faults,
    document_path_fault,
    trajectory_document_form,
    without_fields,
)
from rlcalc.errors import Fault, InputError, nearest, shown
from rlcalc.labels import Labels, text_of_label
from rlcalc.numerics.arrays import Floats
from rlcalc.readers.column_names import COLUMN_NAMES, OF_STEPS
from rlcalc.readers.places import parsed
from rlcalc.readers.sources import File
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.trajectories import UNKNOWN, Experience, Trajectories


def read(file: File, context: ReaderContext) -> Iterable[Trajectories]:
    """Return the trajectories of a document, in one batch or none; a list of rows is a table.

    Raises:
        InputError: the document is not as it should be.
    """
    experience = context.experience
    written, place = parsed(file)
    if is_table(written, one_step=context.request.one_step):
        from rlcalc.readers.trajectories.step_lines import of_records

        return of_records(written, file, context)
    note_for_documents(context)
    simulated = isinstance(written, dict) and written.get("command") == "simulate"
    value = {"trajectories": _as_list(written)} if isinstance(written, list) else written
    if simulated and {"facts", "rows"} <= written.keys():  # what simulate --json writes
        value = {"gamma": written["facts"].get("gamma"), "trajectories": written["rows"]}

    def where(path: tuple[int | str, ...]) -> str:
        if simulated:
            return place(("rows", *path[1:]))
        if written is not value:  # the list of trajectories, or the only one, is bare
            bare = isinstance(written, list) and value["trajectories"] is written
            path = path[1:] if bare else path[2:]
        return place(path)

    if isinstance(value, dict) and "trajectories" not in value:
        fault = _not_trajectories(value, file)
        if fault:
            experience.fault(fault)
            return []
        value = {"trajectories": [value]}
    try:
        read = without_fields(value, context.request.unread) if context.request.unread else value
        document = adapter("document").validate_python(read)
    except ValidationError as error:
        experience.fault(*document_faults(error, where))
        return []
    settle_gamma(experience, document.gamma, file)
    return batch(document.trajectories, experience, lambda number: where(("trajectories", number)))


def note_for_documents(context: ReaderContext) -> None:
    """Note that options for tables do not apply to a document; refuse to ignore --where.

    Raises:
        InputError: rows are to be left out of what has none.
    """
    request = context.request
    if request.where:
        raise InputError(
            "--where applies to tables, and this source is not a table",
            fix="give one step a row: JSONL, CSV or Parquet",
        )
    if request.columns or request.one_step or request.order_by:
        context.experience.note(
            "--columns, --one-step and --order-by apply to tables, and this source is not a table"
        )


def is_table(written: object, *, one_step: bool) -> bool:
    """Return whether a document is a list of rows, with other keys than a trajectory has."""
    if not (isinstance(written, list) and written and all(isinstance(r, dict) for r in written)):
        return False
    keys = {key for row in written for key in row}
    if "states" in keys or not keys & set(COLUMN_NAMES["reward"]):
        return False
    return one_step or not keys <= set(Step.model_fields)


def _as_list(values: list[Any]) -> list[Any]:
    """Return a bare list of trajectories, also where it is one trajectory (`jq -s` makes lists)."""
    return (
        values if values and isinstance(values[0], list | dict) and not _steps(values) else [values]
    )


def _steps(values: list[Any]) -> bool:
    return isinstance(values[0], dict) and "reward" in values[0]


def _not_trajectories(document: dict[str, Any], file: File) -> Fault | None:
    if "rewards" in document and "actions" in document:
        return None
    if isinstance(document.get("states"), dict) or "environment" in document:
        return Fault(
            "this is a model, not trajectories",
            file.at(),
            "give trajectories; rlcalc estimate simulates the model with -n EPISODES",
        )
    keys = ", ".join(map(str, list(document)[:8]))
    near = next((key for key in document if nearest(str(key), ["trajectories"])), None)
    fix = f"did you mean trajectories by {shown(near)}? " if near else "add the key trajectories; "
    return Fault("there are no trajectories", file.at(), f"{fix}given: {shown(keys)}")


def settle_gamma(experience: Experience, gamma: float | None, file: File) -> None:
    """Take the discount factor that a document gives; remember it if another gives another."""
    if gamma is None or gamma == experience.gamma:
        return
    if experience.gamma is None:
        experience.gamma = gamma
    else:
        experience.disagreement = Fault(
            f"gamma is {gamma:g} here and {experience.gamma:g} in an earlier file",
            file.at(),
            "make them agree, or set --gamma",
        )


def batch(
    validated: Sequence[Any], experience: Experience, where: Callable[[int], str]
) -> list[Trajectories]:
    """Return validated trajectories as one batch, in a list that is empty if there are none.

    Args:
        validated: trajectories in any of the three forms.
        experience: what they are read into.
        where: from the number of a trajectory to where it stands.
    """
    columns: list[dict[str, Any]] = []
    for number, trajectory in enumerate(validated):
        written = trajectory_document_form(trajectory)
        if written == "path":
            wrong = document_path_fault(trajectory)
            if wrong:
                experience.fault(Fault(wrong, where(number), _PATH))
                continue
            columns.append(_of_path(trajectory))
        elif written == "steps":
            wrong = _ends_within(trajectory)
            if wrong:
                experience.fault(Fault(wrong, where(number), "begin a new trajectory after it"))
                continue
            columns.append(_of_steps(trajectory))
        else:
            columns.append(_of_lists(trajectory))
    experience.n_rows += len(validated)
    return [_arrays(columns, experience)] if columns else []


_PATH = "write it as state, action, reward, state, action, reward, ..., and the last state if known"


def _ends_within(steps: list[Step]) -> str | None:
    for number, step in enumerate(steps[:-1], start=1):
        if step.terminated or step.truncated:
            return f"step {number} is the end, but {len(steps) - number} more follow"
    return None


def _of_path(path: list[Any]) -> dict[str, Any]:
    whole = len(path) - len(path) % 3
    return {
        "state": path[0:whole:3],
        "action": path[1:whole:3],
        "reward": path[2:whole:3],
        "last_state": path[-1] if len(path) % 3 else None,
    }


def _of_steps(steps: list[Step]) -> dict[str, Any]:
    last = steps[-1]
    return {
        "state": [step.state for step in steps],
        "action": [step.action for step in steps],
        "reward": [step.reward for step in steps],
        "last_state": last.next_state,
        "last_value": last.next_value,
        "terminated": last.terminated,
        "truncated": last.truncated,
        **(
            {"next_value": [np.nan if s.next_value is None else s.next_value for s in steps]}
            if any(step.next_value is not None for step in steps)
            else {}
        ),
        **{
            name: [getattr(step, name) for step in steps]
            for name in OF_STEPS
            if name not in ("next_value", "action_value")
            and all(getattr(step, name) is not None for step in steps)
        },
    }


def _of_lists(lists: Lists) -> dict[str, Any]:
    n = len(lists.rewards)
    optional = {
        "value": lists.values and lists.values[:n],
        "log_prob": lists.log_probs,
        "behaviour_prob": lists.behaviour_probs,
        "next_value": lists.next_values,
        "old_log_prob": lists.old_log_probs,
        "advantage": lists.advantages,
    }
    values = lists.values or []
    following = values[n] if len(values) > n else None
    if following is None and lists.next_values:
        following = lists.next_values[-1]
    return {
        "state": lists.states[:n],
        "action": lists.actions,
        "reward": lists.rewards,
        "last_state": lists.states[n] if len(lists.states) > n else None,
        "last_value": following,
        "terminated": lists.terminated,
        "truncated": lists.truncated,
        "name": lists.trajectory,
        **{name: values for name, values in optional.items() if values is not None},
    }


def _arrays(columns: list[dict[str, Any]], experience: Experience) -> Trajectories:
    lengths = [len(column["reward"]) for column in columns]
    states, actions = experience.states, experience.actions
    names = [column.get("name") for column in columns]
    return Trajectories(
        start=np.cumsum([0, *lengths]),
        state=encode((label for column in columns for label in column["state"]), states),
        action=encode((label for column in columns for label in column["action"]), actions),
        reward=np.array([r for column in columns for r in column["reward"]], dtype=np.float64),
        terminated=np.array([column.get("terminated", False) for column in columns]),
        truncated=np.array([column.get("truncated", False) for column in columns]),
        states=states,
        actions=actions,
        last_state=np.array([_code(column["last_state"], states) for column in columns], np.int32),
        last_value=np.array(
            [np.nan if (v := column.get("last_value")) is None else v for column in columns]
        ),
        **{name: _optional(columns, name) for name in OF_STEPS},  # type: ignore[arg-type]
        name=None if None in names else [text_of_label(name) for name in names],
    )


def _optional(columns: list[dict[str, Any]], name: str) -> Floats | None:
    """A column of all steps; where a trajectory lacks it, as `concatenate` does."""
    given = [name in column for column in columns]
    if not (any(given) if name in UNKNOWN else all(given)):
        return None
    lists = (column.get(name) or [np.nan] * len(column["reward"]) for column in columns)
    return np.array([value for values in lists for value in values], dtype=np.float64)


def _code(label: Any, labels: Labels) -> int:
    return -1 if label is None else int(encode([label], labels)[0])


def encode(values: Any, labels: Labels) -> Any:
    """Return the numbers of labels of documents, which may be text, numbers or flat lists."""
    texts = []
    for value in values:
        if not isinstance(value, int | float) or isinstance(value, bool):
            labels.textual = True
        texts.append(text_of_label(value))
    return labels.encode(texts)
