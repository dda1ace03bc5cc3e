"""Hostile inputs: exit code 3 with what, where and how to fix it, in seconds; never 70."""

import gzip
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cases.program import run

INPUTS = Path(__file__).parent / "hostile"
LONG = 10**350
"""A whole number that no float can be."""


def refused(*arguments: str | Path, inside: Path = INPUTS) -> str:
    """Return the errors of a command that refuses its input."""
    done = run(*arguments, inside=inside)

    assert done.code == 3, (arguments, done.code, done.stderr[:500], done.stdout[:500])
    return done.stderr + done.stdout


@pytest.mark.parametrize("command", ["check", "solve"])
@pytest.mark.parametrize(
    ("content", "message"), [("readme", "README.txt holds bytes"), ("empty", "e holds bytes")]
)
def test_members_of_npz_that_are_not_arrays(
    command: str, content: str, message: str, tmp_path: Path
) -> None:
    name = "npz-with-readme.npz"
    (tmp_path / name).write_bytes((INPUTS / name).read_bytes())
    if content == "empty":
        np.savez(tmp_path / name, P=np.eye(2)[None], R=np.zeros(2))
        with zipfile.ZipFile(tmp_path / name, "a") as archive:
            archive.writestr("e.npy", b"")

    assert message in refused(command, name, inside=tmp_path)


def test_one_array_is_not_a_model(tmp_path: Path) -> None:
    np.save(tmp_path / "P.npy", np.eye(2)[None])

    assert "this is one array (npy)" in refused("solve", "P.npy", "--from", "npz", inside=tmp_path)


@pytest.mark.parametrize("command", ["check", "estimate"])
def test_flags_that_are_objects_in_rows_of_lists(command: str) -> None:
    assert "terminated is not true or false" in refused(command, "lists-struct-flag.parquet")


def test_an_object_in_a_column_of_numbers() -> None:
    message = refused("check", "log_prob-object-min.jsonl")

    assert "log_prob is" in message
    assert "line 2" in message


def test_whole_numbers_of_hundreds_of_digits_as_logits() -> None:
    file = "logits-1e350.yaml"
    message = refused("gradient", "recycling-robot", "--max-steps", "5", "--logits", file)

    assert "the logit is 1000" in message


def test_a_policy_with_a_probability_of_hundreds_of_digits(tmp_path: Path) -> None:
    rows = [{"state": "high", "action": "wait", "pi": LONG}]
    (tmp_path / "p.json").write_text(json.dumps({"facts": {}, "rows": rows}))

    refused("solve", "recycling-robot", "--policy", "p.json", inside=tmp_path)


LANGUAGE = {"vocabulary": ["a", "b"], "prompts": ["p"], "reward": {"regex": "a"}}
MODEL = {"states": {"a": {"x": {"to": "a", "reward": 1}}}, "gamma": 0.5}


@pytest.mark.parametrize(
    "document",
    [
        {"environment": "language", **LANGUAGE, "reward": {"table": {"p": {"a": LONG}}}},
        {"environment": "language", **LANGUAGE, "logits": {"": {"a": LONG}}},
        {"environment": "language", **LANGUAGE, "horizon": LONG},
        {"environment": "language", **LANGUAGE, "top_k": LONG},
        {"environment": "language", **LANGUAGE, "temperature": LONG},
        {"environment": "language", **LANGUAGE, "judge": LONG},
        {"environment": "language", **LANGUAGE, "prompts": {"p": LONG}},
        {"environment": "language", **LANGUAGE, "reward": {"regex": "a{99999999999999999999}"}},
        {"environment": "rifle", "p_high": LONG},
        {"environment": "jacks-car-rental", "max_cars": LONG},
        {**MODEL, "gamma": LONG},
        {**MODEL, "start": {"a": LONG}},
        {**MODEL, "policy": {"a": {"x": LONG}}},
        {"states": {"a": {"x": {"to": "a", "reward": LONG}}}, "gamma": 0.5},
        {"states": {"a": {"x": [{"to": "a", "p": LONG}]}}, "gamma": 0.5},
    ],
    ids=lambda document: str(document)[:40],
)
@pytest.mark.parametrize("command", ["check", "solve", "simulate"])
def test_documents_with_whole_numbers_of_hundreds_of_digits(
    document: dict[str, Any], command: str, tmp_path: Path
) -> None:
    (tmp_path / "d.json").write_text(json.dumps(document))

    refused(command, "d.json", inside=tmp_path)


def test_a_group_may_be_larger_than_its_file() -> None:
    path = INPUTS.parent / "inputs"
    done = run("group", "rollouts", "--group-size", "99999999999999999999", "--json", inside=path)

    assert done.code == 0, done.stderr


@pytest.mark.parametrize("command", ["check", "solve", "simulate"])
def test_a_regex_of_many_parentheses(command: str) -> None:
    assert "is nested too deeply" in refused(command, "regex-5000-parentheses.yaml")


LONG_TABLES = {
    "long-header.csv": f"episode,state,action,reward,{'x' * 140_000}\n0,a,x,1,2\n",
    "long-cell-bad.csv": f"episode,state,action,reward\n0,{'s' * 140_000},x,bad\n",
    "long-line.csv": f"{'0' * 140_000}\n1\n",
    "long-ragged.csv": f"episode,state,action,reward\n0,{'s' * 140_000},x,1,1,1\n",
}


@pytest.mark.parametrize("command", ["check", "estimate", "group", "solve"])
@pytest.mark.parametrize("name", LONG_TABLES)
def test_cells_may_be_longer_than_python_expects(name: str, command: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(LONG_TABLES[name])
    done = run(command, name, inside=tmp_path)

    assert done.code == (0 if name == "long-header.csv" and command in ("check", "estimate") else 3)
    assert "limit" not in done.stderr + done.stdout


ODD: dict[str, Any] = {
    "a long whole number": LONG,
    "a long negative number": -LONG,
    "an object": {"x": -0.5},
    "an empty object": {},
    "a list": [1, "a", None],
    "a list of lists": [[1], [2]],
    "an empty list": [],
    "a text": "\x1b[31m",
    "true": True,
    "null": None,
    "infinity": float("inf"),
}

STEP = {
    "episode": 0, "t": 0, "state": "a", "action": "x", "reward": 1.0, "next_state": "b",
    "terminated": False, "truncated": False, "value": 0.5, "log_prob": -0.5, "behaviour_prob": 0.5,
}  # fmt: skip
LISTS = {
    "states": ["a", "b"], "actions": ["x", "y"], "rewards": [1.0, 2.0], "terminated": True,
    "truncated": False, "values": [0.5, 0.5], "log_probs": [-0.5, -0.5],
}  # fmt: skip
ROLLOUT = {
    "group": 1, "prompt": "p", "response": "r", "reward": 1.0, "step": 1, "advantage": 0.5,
    "length": 3, "truncated": False, "rollout": 1,
}  # fmt: skip
RECORDS = {"steps": STEP, "lists": LISTS, "rollouts": ROLLOUT}
COMMANDS = ("check", "estimate", "gain", "group", "solve")


def lines(records: list[dict[str, Any]], *, newline: bool) -> bytes:
    return ("\n".join(map(json.dumps, records)) + "\n" * newline).encode()


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_odd_value_anywhere_is_never_a_bug(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """In a key of a line, a document or a table, whichever command reads it."""
    form = data.draw(st.sampled_from(sorted(RECORDS)))
    key = data.draw(st.sampled_from(sorted(RECORDS[form])))
    odd = ODD[data.draw(st.sampled_from(sorted(ODD)))]
    inside = data.draw(st.booleans())
    good, bad = dict(RECORDS[form]), dict(RECORDS[form])
    bad[key] = [*bad[key][:1], odd] if inside and isinstance(bad[key], list) else odd
    order = data.draw(st.permutations([good, dict(good), bad]))
    folder = tmp_path_factory.mktemp("odd")
    suffix = data.draw(st.sampled_from(["jsonl", "json", "yaml", "parquet", "arrow"]))
    path = folder / f"odd.{suffix}"
    if suffix == "jsonl":
        path.write_bytes(lines(order, newline=data.draw(st.booleans())))
    elif suffix in ("json", "yaml"):
        whole = {"trajectories": order} if form == "lists" else order
        path.write_text(json.dumps(whole))
    else:
        try:
            frame = pl.DataFrame([order[0]] if odd is LONG else [bad, bad], strict=False)
        except (pl.exceptions.PolarsError, TypeError, OverflowError, ValueError):
            return
        whole_file = io.BytesIO()
        try:
            frame.write_parquet(whole_file) if suffix == "parquet" else frame.write_ipc(whole_file)
        except pl.exceptions.PolarsError:
            return
        path.write_bytes(whole_file.getvalue())
    command = data.draw(st.sampled_from(COMMANDS))
    done = run(command, path.name, inside=folder)

    assert done.code in (0, 2, 3, 4), (command, form, key, odd, done.stderr[-600:])


@pytest.mark.parametrize("command", ["check", "estimate", "group"])
@pytest.mark.parametrize("deep", ["[" * 500 + "]" * 500, '{"a":' * 500 + "1" + "}" * 500])
@pytest.mark.parametrize("at", [0, 3])
def test_lines_that_are_nested_hundreds_of_levels_deep(
    command: str, deep: str, at: int, tmp_path: Path
) -> None:
    """Polars would look for the type of such a column for minutes."""
    record = json.dumps({**STEP, "group": 1})[:-1]
    rows = [f'{record}, "extra": 1}}'] * at + [f'{record}, "extra": {deep}}}'] * 200
    (tmp_path / "deep.jsonl").write_text("\n".join(rows))
    done = run(command, "deep.jsonl", inside=tmp_path)

    assert done.code == 3
    assert "nested more than 64 levels deep" in done.stderr + done.stdout
    assert f"line {at + 1}" in done.stderr + done.stdout


@pytest.mark.parametrize("name", ["nested-500-dump.jsonl", "nested-500-two-lines.jsonl"])
def test_small_deep_files_are_refused_at_once(name: str) -> None:
    assert "nested more than 64" in refused("check", name)


@pytest.mark.parametrize("name", ["alias-23KB.yaml", "alias-37KB.yaml"])
@pytest.mark.parametrize("command", ["check", "solve", "estimate"])
def test_aliases_are_bounded_by_the_size_of_the_text(name: str, command: str) -> None:
    message = refused(command, name)

    assert "aliases make the document stand for more than" in message
    assert "line" in message


@pytest.mark.parametrize("command", ["check", "estimate", "group"])
@pytest.mark.parametrize("name", ["zeros.csv.gz", "text.jsonl.gz", "blank.csv.gz"])
def test_an_endless_line_is_refused_before_all_of_it_is_in_memory(
    name: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlcalc.readers.sources.BLOCK", 1 << 16)
    for module in ("sources", "rollouts.jsonl", "rollouts.detect"):
        monkeypatch.setattr(f"rlcalc.readers.{module}.LONGEST_LINE", 1 << 20)
    monkeypatch.setattr("rlcalc.readers.trajectories.csv.LONGEST_CELL", 1 << 20)
    begin = {"z": b"0", "t": b'{"group": "', "b": b"#\n"}[name[0]]
    with gzip.open(tmp_path / name, "wb") as file:
        file.write(begin + (b"\n" if name[0] == "b" else b"0") * (1 << 22))

    refused(command, name, inside=tmp_path)


@pytest.mark.parametrize("command", ["check", "estimate", "group", "solve"])
def test_columns_that_come_twice_in_arrow(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    message = refused(command, "duplicate-column.arrow")

    assert "the columns state come twice" in message
    assert "panicked" not in capfd.readouterr().err


@pytest.mark.parametrize("command", ["check", "gain", "estimate"])
def test_a_panic_of_a_thread_is_an_error(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Polars printed it, and the file had no trajectories."""
    message = refused(command, "column-is-missing.arrow")

    assert "this arrow file cannot be read: assertion" in message
    assert "panicked" not in capfd.readouterr().err


@pytest.mark.parametrize("command", ["simulate", "solve"])
def test_a_regex_has_a_clock_for_short_responses_too(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlcalc.environments.language_parameters.PATIENCE", 0.2)
    message = refused(command, "regex-12-letters.yaml")

    assert "takes longer than 0.2 s" in message


@pytest.mark.parametrize("command", ["check", "gain", "estimate"])
def test_the_line_whose_types_conflict_is_named(command: str) -> None:
    message = refused(command, "value-list.jsonl")

    assert "value is a list, [1, 2], and a number in line 1" in message
    assert "value-list.jsonl, line 2" in message


CONFLICTS = [1, 0.5, "a", [1], [[1]], {"a": 1}, {"a": [1]}, None, True]


@given(st.lists(st.sampled_from(CONFLICTS), min_size=1, max_size=4), st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_conflict_of_types_stands_in_the_line_that_brought_it(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], data: st.DataObject
) -> None:
    """The lines before it can be read, in JSONL and in the list of a document."""
    form = data.draw(st.sampled_from(["jsonl", "json", "yaml"]))
    folder = tmp_path_factory.mktemp("conflict")
    records = [{"episode": 0, "state": "s", "action": "x", "reward": 1, "e": v} for v in values]

    def error_of(some: list[Any]) -> str:
        text = lines(some, newline=True).decode() if form == "jsonl" else json.dumps(some)
        (folder / f"f.{form}").write_text(text)
        done = run("check", f"f.{form}", inside=folder)
        assert done.code in (0, 3), done.stderr
        return done.stderr + done.stdout if done.code else ""

    match = re.search(r"not a table|e(\[\]|\.a)* is (a |text).* in (line|row) ", error_of(records))
    if match:
        n = next(n for n in range(1, len(records) + 1) if error_of(records[:n]))
        assert re.search(rf"(line|row) {n}\b[^0-9]*$", error_of(records), re.MULTILINE), match
        assert "not a table" not in error_of(records)


def test_a_text_of_a_table_in_lines_with_an_object_in_a_later_flag() -> None:
    message = refused("check", "2-030-jl_rows.jsonl")

    assert "log_prob is" in message
    assert "line 5" in message
    assert run("gain", "2-030-jl_rows.jsonl", inside=INPUTS).code == 0  # which does not read it


def test_every_input_has_a_test() -> None:
    tests = Path(__file__).read_text() + (INPUTS.parents[1] / "test_escapes.py").read_text()

    assert [path.name for path in INPUTS.iterdir() if path.name not in tests] == []
