"""The same trajectories in every format, compressed, piped and cut into files: the same answer."""

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest
import yaml

import rlcalc
from tests import reference

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

VALUES = ("n", "pi", "q", "q_se", "v_n", "v", "v_se", "a", "a_se")


def walks(n: int = 30, seed: int = 1) -> list[reference.Trajectory]:
    rng = random.Random(seed)
    return [
        [
            (f"room {rng.randrange(5)}", rng.choice(["on", "off"]), float(rng.randrange(-3, 4)))
            for _ in range(rng.randrange(1, 9))
        ]
        for _ in range(n)
    ]


def steps(trajectories: list[reference.Trajectory]) -> pl.DataFrame:
    rows = [
        {
            "episode": e,
            "t": t,
            "state": s,
            "action": a,
            "reward": r,
            "terminated": t == len(trajectory) - 1,
        }
        for e, trajectory in enumerate(trajectories)
        for t, (s, a, r) in enumerate(trajectory)
    ]
    return pl.DataFrame(rows)


def lists(trajectories: list[reference.Trajectory]) -> list[dict[str, object]]:
    return [
        {
            "states": [s for s, _, _ in steps_],
            "actions": [a for _, a, _ in steps_],
            "rewards": [r for _, _, r in steps_],
            "terminated": True,
        }
        for steps_ in trajectories
    ]


def paths(trajectories: list[reference.Trajectory]) -> list[list[object]]:
    return [[x for step in steps_ for x in step] for steps_ in trajectories]


def step_dicts(trajectories: list[reference.Trajectory]) -> list[list[dict[str, object]]]:
    return [
        [{"state": s, "action": a, "reward": r} for s, a, r in steps_] for steps_ in trajectories
    ]


def lines(values: list[object]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def written(folder: Path, form: str) -> Path:
    """The walks in one of the formats."""
    path, data = folder / f"walks.{form}", walks()
    name, _, kind = form.partition(".")
    if kind == "yaml":
        shape = {"paths": paths, "steps": step_dicts, "lists": lists}[name]
        path.write_text(yaml.safe_dump({"trajectories": shape(data)}))
    elif kind == "json":
        path.write_text(json.dumps({"trajectories": paths(data)}, indent=1))
    elif kind == "jsonl":
        shape = {"paths": paths, "steps": step_dicts, "lists": lists}.get(name)
        values = shape(data) if shape else steps(data).to_dicts()
        path.write_text(lines(values))  # type: ignore[arg-type]
    elif name == "rows":
        frame = steps(data)
        if kind in ("csv", "tsv"):
            frame.write_csv(path, separator="\t" if kind == "tsv" else ",")
        elif kind == "parquet":
            frame.write_parquet(path)
        elif kind == "arrow":
            frame.write_ipc(path)
        elif kind in ("npz", "npy", "hdf5"):
            write_arrays(path, {one.name: one.to_numpy() for one in frame})
        else:
            frame.write_ipc_stream(path)
    else:
        pl.DataFrame(lists(data)).write_parquet(path)
    return path


def write_arrays(path: Path, columns: dict[str, np.ndarray]) -> None:
    """Write columns as arrays, those of text in types of a fixed width."""
    texts = {name: np.char.encode(one.astype(str)) for name, one in columns.items()
             if one.dtype == object}  # fmt: skip
    if path.suffix == ".hdf5":
        with h5py.File(path, "w") as file:
            for name, column in (columns | texts).items():
                file[name] = column
    elif path.suffix == ".npz":
        np.savez(path, **(columns | {name: one.astype(str) for name, one in texts.items()}))
    else:
        fields = [(name, one.dtype) for name, one in (columns | texts).items()]
        records = np.empty(len(columns["reward"]), fields)
        for name, column in (columns | texts).items():
            records[name] = column
        np.save(path, records)


FORMS = (
    *(f"{name}.yaml" for name in ("paths", "steps", "lists")),
    "paths.json",
    *(f"{name}.jsonl" for name in ("paths", "steps", "lists", "rows")),
    *(
        f"rows.{kind}"
        for kind in ("csv", "tsv", "parquet", "arrow", "arrows", "npz", "npy", "hdf5")
    ),
    "lists.parquet",
)


def same(one: rlcalc.Result, two: rlcalc.Result) -> None:
    assert one["state"].tolist() == two["state"].tolist()
    assert one["action"].tolist() == two["action"].tolist()
    for name in VALUES:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)


@pytest.fixture(scope="module")
def expected() -> rlcalc.Result:
    return rlcalc.estimate(reference.arrays(walks()), gamma=0.9)


@pytest.mark.parametrize("form", FORMS)
def test_every_format_says_the_same(form: str, tmp_path: Path, expected: rlcalc.Result) -> None:
    same(rlcalc.estimate(written(tmp_path, form), gamma=0.9), expected)


@pytest.mark.parametrize("form", ["paths.yaml", "lists.jsonl", "rows.csv", "rows.parquet"])
@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_compressed_is_read_as_it_is(
    form: str, suffix: str, tmp_path: Path, expected: rlcalc.Result
) -> None:
    data = written(tmp_path, form).read_bytes()
    packed = tmp_path / f"packed.{form}.{suffix}"
    packed.write_bytes(gzip.compress(data) if suffix == "gz" else zstd.compress(data))

    same(rlcalc.estimate(packed, gamma=0.9), expected)


@pytest.mark.parametrize("form", FORMS)
def test_a_pipe_is_read_as_a_file_is(form: str, tmp_path: Path, expected: rlcalc.Result) -> None:
    with written(tmp_path, form).open("rb") as stream:
        done = subprocess.run(
            [sys.executable, "-m", "rlcalc", "estimate", "--gamma", "0.9", "--json"],
            stdin=stream,
            capture_output=True,
            check=True,
        )

    assert [row["q"] for row in json.loads(done.stdout)["rows"]] == expected["q"].tolist()


def test_a_file_cut_into_several_says_the_same(tmp_path: Path, expected: rlcalc.Result) -> None:
    """Cut where trajectories end, and within one: its flag is missing, so it goes on."""
    frame = steps(walks())
    for name, cuts in (("ends", [40, 80]), ("anywhere", [1, 2, 57, 58, 59, 110])):
        folder = tmp_path / name
        folder.mkdir()
        if name == "ends":
            cuts = [int(frame.filter(pl.col("episode") < cut // 4).height) for cut in cuts]
        for number, (a, b) in enumerate(zip([0, *cuts], [*cuts, len(frame)], strict=True)):
            frame[a:b].write_parquet(folder / f"run-{number}.parquet")

        same(rlcalc.estimate(folder, gamma=0.9), expected)
        same(rlcalc.estimate(f"{folder}/*.parquet", gamma=0.9), expected)


def test_shards_are_read_in_natural_order(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        (tmp_path / f"run-{number}.csv").write_text(
            f"episode,state,action,reward\n0,s{number},a,1\n"
        )

    assert rlcalc.estimate(tmp_path)["state"].tolist() == ["s1", "s2", "s10"]


def test_the_same_names_in_another_file_are_other_trajectories(tmp_path: Path) -> None:
    for seed in (1, 2):
        (tmp_path / f"seed-{seed}.csv").write_text(
            "episode,t,state,action,reward\n0,0,s,a,1\n0,1,s,a,1\n"
        )

    assert rlcalc.estimate(tmp_path).facts["trajectories"] == 2


def large(n: int) -> list[reference.Trajectory]:
    return walks(n, seed=2)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet", "rows.jsonl"])
def test_many_blocks_are_as_good_as_one(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels keep their numbers from block to block, and trajectories cross the borders whole."""
    data = large(3000)
    path = tmp_path / f"large.{kind}"
    if kind == "jsonl":
        path.write_text(lines(lists(data)))  # type: ignore[arg-type]
    elif kind == "rows.jsonl":
        path.write_text(lines(steps(data).to_dicts()))  # type: ignore[arg-type]
    elif kind == "csv":
        steps(data).write_csv(path)
    else:
        steps(data).write_parquet(path)
    whole = rlcalc.estimate(reference.arrays(data), gamma=0.9)
    monkeypatch.setattr("rlcalc.readers.sources.BLOCK", 10_000)
    monkeypatch.setattr("rlcalc.readers.trajectories.jsonl.SMALL", 1_000)
    monkeypatch.setattr("rlcalc.readers.trajectories.parquet.ROWS", 1 << 9)
    monkeypatch.setattr("rlcalc.readers.trajectories.assemble.SAMPLE", 1 << 10)

    same(rlcalc.estimate(path, gamma=0.9), whole)


def test_a_polars_frame_is_a_source(expected: rlcalc.Result) -> None:
    same(rlcalc.estimate(steps(walks()), gamma=0.9), expected)


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        ([1, 2, 10], [1, 2, 10]),
        ([0.5, 1.5, 0.25], [0.5, 1.5, 0.25]),
        ([True, False, True], ["true", "false"]),
        ([[0, 1], [0, 2], [1, 1]], ["[0,1]", "[0,2]", "[1,1]"]),
        (["1", "2", "x"], ["1", "2", "x"]),
        ([["a, b"], ["a", "b"], ["c"]], ['["a, b"]', '["a","b"]', '["c"]']),
    ],
)
def test_labels_may_be_many_things(
    labels: list[object], shown: list[object], tmp_path: Path
) -> None:
    """And are the same in documents and in tables."""
    document = tmp_path / "labels.json"
    document.write_text(json.dumps({"trajectories": [[x, "a", 1] for x in labels]}))
    frame = pl.DataFrame({"episode": [0, 1, 2], "state": labels, "action": "a", "reward": 1.0})
    for result in (rlcalc.estimate(document), rlcalc.estimate(frame)):
        assert result["state"].tolist() == shown


def test_yaml_words_stay_words(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text("trajectories:\n  - [yes, on, 1e-3, no, off, 0o17, y]\n")
    result = rlcalc.gain(path)

    assert result["state"].tolist() == ["yes", "no"]
    assert result["action"].tolist() == ["on", "off"]
    assert result["reward"].tolist() == [0.001, 15.0]
