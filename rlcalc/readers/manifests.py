"""Folders of datasets: which of their files hold the data, as the manifests in them say.

A manifest is a file that a tool writes beside the data: `state.json` of Hugging Face's
`save_to_disk` (datasets 5.2), `meta/info.json` of LeRobot (versions 2 and 3), `features.json` of
tensorflow_datasets (4.9). Of formats that are not read, the refusal has the line that converts
them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rlcalc.errors import InputError, listed, shown


@dataclass(frozen=True)
class Dataset:
    """A folder that belongs to a dataset.

    Attributes:
        files: those that hold its rows.
        beside: other files of the folder, which describe them.
        split: its name, where the folder is one of several splits.
        is_tree: the folders in it belong to it too, and are not looked at.
        refusal: why it is not read.
    """

    files: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    split: str | None = None
    is_tree: bool = False
    refusal: InputError | None = None


def dataset_in(folder: str, folders: Sequence[str], paths: Sequence[str]) -> Dataset | None:
    """Return what a folder holds that is a dataset; None: it is not one.

    Args:
        folder: its path.
        folders: the names of the folders in it.
        paths: of the files in it.

    Raises:
        InputError: a manifest names files that are not there, or a version that is not known.
    """
    names = {os.path.basename(path) for path in paths}
    if "meta" in folders and (info := _mapping(os.path.join(folder, *INFO))):
        files = _of_lerobot(folder, info)
        return None if files is None else Dataset(files, list(paths), is_tree=True)
    if "state.json" in names and (files := _of_hugging_face(folder)) is not None:
        beside = [path for path in paths if path.endswith((".json", ".arrow"))]
        is_split = os.path.isfile(os.path.join(os.path.dirname(folder), "dataset_dict.json"))
        split = os.path.basename(folder) if is_split else None
        return Dataset(files, [path for path in beside if path not in files], split)
    if "dataset_dict.json" in names:
        return Dataset(beside=[os.path.join(folder, "dataset_dict.json")])
    if names & {"features.json", "dataset_info.json"} and (files := _of_tfds(folder, paths)):
        return Dataset(files, [path for path in paths if path not in files])
    return _foreign(folder, paths)


def _mapping(path: str) -> dict[str, Any]:
    """Return a document of JSON; empty: there is no such file, or it is another document."""
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _of_hugging_face(folder: str) -> list[str] | None:
    """Return the files that Hugging Face's state.json names; None: it is of something else.

    Raises:
        InputError: it selects rows by a table of indices, as releases before 2.0 did.
    """
    state = _mapping(os.path.join(folder, "state.json"))
    try:
        names = [entry["filename"] for entry in state["_data_files"]]
    except (KeyError, TypeError):
        return None
    where = shown(os.path.join(folder, "state.json"), 200)
    if state.get("_indices_data_files"):
        raise InputError(
            "this dataset is a selection of rows, in a table of indices",
            where,
            "write the rows themselves: datasets.load_from_disk(FOLDER).to_parquet(FILE)",
        )
    files = [os.path.join(folder, os.path.basename(str(name))) for name in names]
    _require(files, names, where, "save the dataset again, or copy all of it")
    return files


def _require(files: Sequence[str], names: Sequence[object], where: str, fix: str) -> None:
    """Refuse a dataset whose manifest names files that are not there."""
    missing = [
        str(name) for name, file in zip(names, files, strict=True) if not os.path.isfile(file)
    ]
    if missing:
        what = f"{len(missing):,} of the {len(files):,} files of this dataset are missing"
        raise InputError(f"{what}: {listed(missing[:3], 3, len(missing))}", where, fix)


INFO = ("meta", "info.json")
LEROBOT = ("v2.", "v3.")
"""How the versions of LeRobot's datasets begin that are read."""
PLACEHOLDER = re.compile(r"\{(\w+)(?::0?(\d+)d)?\}")


def _of_lerobot(folder: str, info: dict[str, Any]) -> list[str] | None:
    """Return the files of frames of a LeRobot dataset; None: it is of something else.

    Source: huggingface/lerobot 0.4.4, lerobot/datasets/utils.py and its converter from v2.1.

    Raises:
        InputError: its version is not known, or files are missing.
    """
    if "codebase_version" not in info:
        return None
    where = shown(os.path.join(folder, *INFO), 200)
    version = str(info["codebase_version"])
    if not version.startswith(LEROBOT):
        raise InputError(
            f"this LeRobot dataset has the version {shown(version)}",
            where,
            "convert it to v3.0 with LeRobot, or name its Parquet files; rlcalc reads v2 and v3",
        )
    template = info.get("data_path")
    if not isinstance(template, str) or template.split("/")[0] in ("", ".", ".."):
        what = f"data_path is {shown(template)}, expected a path in the folder"
        raise InputError(what, where, "copy meta/info.json of the dataset again")
    pattern = "".join(
        r"\d+" if number % 3 == 1 else re.escape(part)
        for number, part in enumerate(PLACEHOLDER.split(template))
        if number % 3 != 2
    )
    files = [
        path
        for path in _below(os.path.join(folder, template.split("/")[0]))
        if re.fullmatch(pattern, os.path.relpath(path, folder).replace(os.sep, "/"))
    ]
    names = _names_in(template, info, folder)
    fix = "download all of the dataset again"
    _require([os.path.join(folder, *name.split("/")) for name in names], names, where, fix)
    if not files:
        raise InputError(f"no file fits data_path, {shown(template)}", where, fix)
    return files


def _below(folder: str) -> list[str]:
    return [os.path.join(path, name) for path, _, names in os.walk(folder) for name in names]


def _names_in(template: str, info: dict[str, Any], folder: str) -> list[str]:
    """Return the names of files that there must be, as far as the manifest says it.

    Version 2 has a file an episode. Version 3 has several episodes a file, and tables of them.
    """
    chunk, total = info.get("chunks_size"), info.get("total_episodes")
    if "{episode_index" in template:
        if not (isinstance(chunk, int) and isinstance(total, int) and chunk > 0):
            return []
        return [
            _filled(template, {"episode_chunk": e // chunk, "episode_index": e})
            for e in range(min(total, MOST_EPISODES))
        ]
    import polars as pl

    tables = [p for p in _below(os.path.join(folder, "meta", "episodes")) if p.endswith(".parquet")]
    if not tables:
        return []
    columns = {"data/chunk_index": "chunk_index", "data/file_index": "file_index"}
    try:
        frame = pl.scan_parquet(tables, glob=False).select(pl.col(*columns)).unique().collect()
    except (pl.exceptions.PolarsError, OSError):
        return []  # the data themselves can be read
    rows = frame.rename(columns).sort("chunk_index", "file_index").to_dicts()
    return [_filled(template, row) for row in rows]


MOST_EPISODES = 1_000_000
"""Episodes whose files are looked for one by one."""


def _filled(template: str, values: dict[str, int]) -> str:
    """Return a path of a template, without the rest of what `str.format` does.

    >>> _filled("data/chunk-{chunk:03d}/file-{file}.parquet", {"chunk": 7, "file": 12})
    'data/chunk-007/file-12.parquet'
    """
    return PLACEHOLDER.sub(lambda m: f"{values.get(m[1], 0):0{int(m[2] or 1)}d}", template)


SHARD = re.compile(r".+-(?P<split>\w+)\.tfrecord(?P<shard>-\d+-of-(?P<total>\d+))?")


def _of_tfds(folder: str, paths: Sequence[str]) -> list[str]:
    """Return the files of records of a TFDS dataset; none: there are none.

    Raises:
        InputError: it has several splits, or files are missing.
    """
    shards = [(path, m) for path in paths if (m := SHARD.fullmatch(os.path.basename(path)))]
    splits = sorted({match["split"] for _, match in shards})
    if len(splits) > 1:
        patterns = [f"'{os.path.join(folder, f'*-{split}.tfrecord*')}'" for split in splits]
        raise InputError(
            f"this dataset has the splits {listed(splits)}",
            shown(folder, 200),
            f"name the files of one: {' or '.join(patterns[:8])}",
        )
    total = max((int(match["total"] or 1) for _, match in shards), default=0)
    if len(shards) < total:
        what = f"{total - len(shards):,} of the {total:,} files of this dataset are missing"
        raise InputError(what, shown(folder, 200), "download all of the dataset again")
    return [path for path, _ in shards]


TFDS = (
    'python -c "import json, sys, tensorflow_datasets as tfds; '
    "[print(json.dumps({'episode': n, **step}, default=lambda x: x.decode() if isinstance(x, "
    "bytes) else x.tolist())) for n, episode in enumerate(tfds.as_numpy("
    "tfds.builder_from_directory(sys.argv[1]).as_dataset('train'))) for step in "
    "episode['steps']]\" FOLDER > steps.jsonl"
)
"""The line that writes the steps of an RLDS dataset, for tensorflow_datasets 4.9."""

TORCHRL = (
    'python -c "import json, os, sys, polars, tensordict; folder = sys.argv[1]; about = '
    "folder + '/storage_metadata.json'; td = tensordict.load_memmap(folder); td = "
    "td[:json.load(open(about))['len']] if os.path.exists(about) else td; next = td['next']; "
    "array = lambda x: x.reshape(x.shape[0], -1).squeeze(-1).numpy(); "
    "polars.DataFrame({'observation': array(td['observation']), 'action': array(td['action']), "
    "'reward': array(next['reward']), 'terminated': array(next['terminated']), 'truncated': "
    "array(next['truncated'])}).write_parquet('steps.parquet')\" FOLDER"
)
"""The line that writes the steps of a replay buffer of TorchRL 0.14, for tensordict 0.15."""

EVENTS = (
    'python -c "import sys; from tensorboard.backend.event_processing.event_accumulator import '
    "EventAccumulator as E; e = E(sys.argv[1]); e.Reload(); print('state,action,reward'); "
    "[print(f'{s.step},episode,{s.value}') for s in e.Scalars(sys.argv[2])]\" FILE "
    "charts/episodic_return > returns.csv, and read it with --one-step"
)
"""The line that writes a series of scalars of TensorBoard, for tensorboard 2.20."""

TENSORBOARD = "a log of TensorBoard"
FOREIGN = {
    "a TFDS dataset in ArrayRecord": (re.compile(r".+\.(array_record|riegeli)(-.+)?"), TFDS),
    "a memory-mapped buffer of TorchRL": (re.compile(r".+\.memmap"), TORCHRL),
    TENSORBOARD: (re.compile(r"events\.out\.tfevents\..+"), EVENTS),
}
"""What is not read: the names of its files, and the line that converts it."""


def foreign_file(path: str) -> tuple[str, str] | None:
    """Return what a file is by its name, and how to convert it, where it is not read."""
    import shlex  # for this alone

    folder, name = os.path.split(path)
    for what, (pattern, line) in FOREIGN.items():
        if pattern.fullmatch(name):
            split = re.search(r"-(\w+)\.", name)
            fix = line.replace("'train'", f"'{split[1]}'") if split else line
            fix = fix.replace("FOLDER", shlex.quote(folder or "."))
            return what, fix.replace("FILE", shlex.quote(path))
    return None


def _foreign(folder: str, paths: Sequence[str]) -> Dataset | None:
    """Return a dataset that is not read; None: it is not one of those."""
    known = next(filter(None, map(foreign_file, sorted(paths))), None)
    if known is None:
        return None
    what, fix = known
    refusal = InputError(f"this is {what}, which rlcalc does not read", shown(folder, 200), fix)
    if what == TENSORBOARD:
        return Dataset(refusal=refusal)  # beside which other files may be read
    return Dataset(beside=list(paths), is_tree=True, refusal=refusal)
