"""rlcalc group as a process: exit codes, bad input, hostile text, and that it is Monte Carlo."""

import contextlib
import io
import json
import os
import pickle
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import rlcalc as library
from rlcalc.cli import app_of
from rlcalc.commands import COMMANDS
from rlcalc.errors import InputError
from rlcalc.rollouts import Rollouts
from tests.conftest import Shell
from tests.readers.rollouts.test_dumps import DUMPS

VERL = {"input": "q", "output": "2", "gts": "2", "score": 1.0, "step": 3}
ROW = '{"group": "g", "reward": 1}'


def parquet(**columns: Any) -> bytes:
    whole = io.BytesIO()
    pl.DataFrame(columns).write_parquet(whole)
    return whole.getvalue()


def torch_archive() -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as held:
        held.writestr("archive/data.pkl", pickle.dumps({"samples": []}))
    return whole.getvalue()


TRL = {"step": [1, 1], "prompt": ["q", "q"], "completion": ["a", "b"], "advantage": [1.0, -1.0]}
BAD: dict[str, tuple[bytes, str, str]] = {  # name: content, what is said, where or how to fix it
    "empty.jsonl": (b"", "empty", "empty.jsonl"),
    "white.jsonl": (b"\n \n", "empty", "white.jsonl"),
    "empty.json": (b"[]\n", "there are no rollouts", "empty.json"),
    "none.parquet": (
        parquet(group=pl.Series([], dtype=pl.String), reward=pl.Series([], dtype=pl.Float64)),
        "there are no rollouts",
        "none.parquet",
    ),
    "junk.jsonl": (bytes(range(256)) * 20, "binary, of no known format", "junk.jsonl"),
    "pickle.pkl": (pickle.dumps({"a": 1}), "a pickle, which could run any code", "never unpickles"),
    "rollout.pt": (torch_archive(), "a pickle (torch)", "weights_only=True"),
    "word.jsonl": (
        (ROW + "\n" + ROW.replace("1", '"good"') + "\n").encode(),
        "expected a number",
        "line 2",
    ),
    "list.jsonl": (f"{ROW}\n{ROW.replace('1', '[1]')}\n".encode(), "expected a number", "line 2"),
    "inf.jsonl": (f"{ROW}\n{ROW.replace('1', 'Infinity')}\n".encode(), "finite", "line 2"),
    "inf.parquet": (parquet(group=["g"] * 2, reward=[1.0, float("inf")]), "finite", "row 2"),
    "null.parquet": (parquet(group=["g", None], reward=[1.0, 0.0]), "group is missing", "row 2"),
    "null.jsonl": (f'{ROW}\n{{"reward": 1}}\n'.encode(), "group is missing", "line 2"),
    "text.parquet": (parquet(group=["g"], reward=["bad"]), "'bad', expected a number", "row 1"),
    "text.csv": (b"group,reward\ng,1\ng,one\n", "'one', expected a number", "row 2"),
    "ragged.csv": (b"group,reward\ng,1\ng,1,2,3\n", "not a table", "ragged.csv"),
    "reward.csv": (b"group,gain\ng,1\n", "no column for the reward", "--reward COLUMN"),
    "group.csv": (
        b"who,reward\ng,1\n",
        "no column identifies the groups of the rollouts",
        "--group",
    ),
    "torn.jsonl": (f"{ROW}\n{ROW[:9]}\n{ROW}\n".encode(), "and others follow", "line 2"),
    "first.jsonl": (f"{ROW[:9]}\n{ROW}\n".encode(), "and others follow", "leave out the line"),
    "only.jsonl": (ROW[:9].encode(), "ends in the middle", "was cut off"),
    "array.jsonl": (f"{ROW}\n[1, 2]\n".encode(), "not a mapping", "line 2"),
    "array.json": (b"[1, 2]\n", "not a mapping", "array.json"),
    "cut.parquet": (parquet(group=["g"], reward=[1.0])[:-20], "cannot be read", "cut.parquet"),
    "trl.parquet": (parquet(**TRL), "no column for the reward", "--reward COLUMN"),
    "verl.jsonl": (
        (json.dumps(VERL) + "\n" + json.dumps({**VERL, "score": "x"}) + "\n").encode(),
        "score is 'x', expected a number",
        "line 2",
    ),
    "swift.jsonl": (
        b'{"prompt": ["q"], "completion": ["a", "b"], "advantages": [1]}\n',
        "lists of different lengths",
        "line 1",
    ),
    "atropos.jsonl": (
        b'{"tokens": [[1]], "masks": [[1]], "scores": [1, 2]}\n',
        "2 scores",
        "line 1",
    ),
    "traces.jsonl": (
        b'{"traces": [{"rewards": 3}], "task": {}}\n',
        "not a record of traces",
        "line 1",
    ),
    "rllm.json": (
        b'{"training_step": 1, "episode_id": "e", "trajectories": [3]}',
        "not a record of rllm",
        "rllm.json",
    ),
    "tinker.jsonl": (
        b'{"schema_version": 1, "group_idx": 0, "traj_idx": 0, "total_reward": "x"}\n',
        "total_reward is 'x'",
        "line 1",
    ),
    "exports.jsonl": (
        b'{"schema_version": 1, "inference_logprobs": [], "loss_mask": []}\n',
        "neither groups nor rewards",
        "traces.jsonl",
    ),
    "wandb.json": (b'{"columns": ["a", "b"], "data": [[1]]}', "has not 2 cells", "row 1"),
    "damaged.eval": (
        b"PK\x03\x04" + b"samples/" * 9,
        "damaged: its end is missing",
        "damaged.eval",
    ),
    "deep.jsonl": (b'{"a":' * 100_000, "nested more than", "line 1"),
    "steps.yaml": (
        b"gamma: 1\ntrajectories:\n  - [a, x, 1, b, y, 1, end]\n",
        "has 2 steps",
        "a rollout is one step",
    ),
    "step.jsonl": (b'{"group": 1, "reward": 1, "step": 1e300}\n', "a whole number", "line 1"),
    "step.csv": (b"group,reward,step\n1,1,2.5\n", "a whole number", "row 1"),
    "date.parquet": (parquet(group=[1], reward=[date(2026, 1, 1)]), "expected a number", "row 1"),
    "length.jsonl": (
        "".join(ROW.replace("}", f', "length": {n}}}\n') for n in (3, "Infinity")).encode(),
        "length is inf, expected a length from 0",
        "line 2",
    ),
    "short.parquet": (
        parquet(group=[1], reward=[1.0], length=[-5]),
        "length is -5.0, expected a length from 0",
        "row 1",
    ),
    "tinker-length.jsonl": (
        b'{"schema_version": 1, "group_idx": 0, "traj_idx": 0, "total_reward": 1, "steps": '
        b'[{"ac_len": -3}]}\n',
        "length is -3",
        "line 1",
    ),
    "empty-record.jsonl": (b"{}\n", "no column for the reward", "there are no columns"),
    "step.parquet": (parquet(group=[1], reward=[1.0], step=[2.5]), "a whole number", "row 1"),
    "utf16.csv": ("group,reward\n".encode("utf-16"), "UTF-16", "utf16.csv"),
    "twice.jsonl": (
        b'{"group": 1, "rollout": 1, "reward": 1}\n{"group": 1, "rollout": 1, "reward": 0}\n',
        "twice, with the rewards 1.0 and 0.0",
        "row 1 and twice.jsonl, row 2",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_clear_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, what, where = BAD[name]
    (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(library.InputError) as error:
        library.group(name)

    assert what in str(error.value)
    assert where in str(error.value)


@pytest.mark.parametrize("name", ["word.jsonl", "rollout.pt", "trl.parquet"])
def test_an_error_is_no_traceback_and_leaves_no_file(
    name: str, rlcalc: Shell, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(BAD[name][0])
    done = rlcalc("group", name, "-o", "answer.csv")

    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_every_record_format_survives_values_of_the_wrong_type(tmp_path: Path) -> None:
    """Whatever JSON stands where another is expected: an answer, or an error of ours."""
    for _, write, _ in DUMPS.values():
        path = write(tmp_path)
        if path.suffix != ".jsonl":
            continue
        record = json.loads(path.read_text().split("\n")[0])
        broken = [{k: v for k, v in record.items() if k != key} for key in record]
        for wrong in (None, 3, "x", [], {}, [[]], {"a": 1}, [None]):
            broken += [{**record, key: wrong} for key in record]
        for one in broken:
            path.write_text(json.dumps(one) + "\n")
            with contextlib.suppress(library.InputError):
                library.group(path, rows="summary")


def test_files_of_two_trainers_are_not_mixed(rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "1.jsonl").write_text(json.dumps(VERL) + "\n")
    (tmp_path / "2.jsonl").write_text('{"doc_id": 1, "resps": [], "metrics": []}\n')
    done = rlcalc("group", ".")

    assert done.returncode == 3
    assert "of the format lm-eval, and 1.jsonl, line 1 of verl" in done.stderr


def test_a_folder_of_pickles_says_how_to_convert_them(rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "0.pt").write_bytes(torch_archive())
    done = rlcalc("group", ".")

    assert done.returncode == 3
    assert "weights_only=True" in done.stderr


def test_a_pickle_is_never_run(rlcalc: Shell, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "owned"),)

    (tmp_path / "x.pkl").write_bytes(pickle.dumps(Evil()))
    (tmp_path / "x.jsonl").write_bytes(pickle.dumps(Evil()))

    assert rlcalc("group", "x.pkl").returncode == 3
    assert rlcalc("group", "x.jsonl").returncode == 3
    assert not (tmp_path / "owned").exists()


def test_a_torn_last_line_is_left_out_and_said(rlcalc: Shell) -> None:
    for end in ("", "\n"):
        done = rlcalc("group", "--csv", stdin=f"{ROW}\n{ROW}\n{ROW[:13]}{end}")

        assert done.returncode == 0
        assert len(done.stdout.splitlines()) == 3
        assert "line 3: the last line is torn, and left out" in done.stderr


def test_nan_is_unscored_and_never_0(rlcalc: Shell) -> None:
    lines = "".join(f"{ROW.replace('1', value)}\n" for value in ("1", "0", "NaN", "null"))
    done = rlcalc("group", "--json", stdin=lines)
    rows = json.loads(done.stdout)["rows"]

    assert [row["reward"] for row in rows] == [1, 0, None, None]
    assert [row["advantage"] is None for row in rows] == [False, False, True, True]
    assert rows[0]["advantage"] == pytest.approx(0.5**0.5, rel=1e-5)


def test_rewards_at_the_end_of_float64_are_an_error(rlcalc: Shell) -> None:
    """Their squares are infinite, and what comes of that is no number."""
    lines = "".join(f"{ROW.replace('1', value)}\n" for value in ("0", "1e308", "-1e308"))
    for arguments in (["--rows", "rollouts"], ["--rows", "groups"], []):
        done = rlcalc("group", *arguments, stdin=lines)

        assert done.returncode == 3
        assert "1e+308 is too large" in done.stderr
        assert "rollout 1 of group g" in done.stderr
    fine = rlcalc("group", "--json", stdin=lines.replace("1e308", "1e149"))
    assert [row["advantage"] for row in json.loads(fine.stdout)["rows"]] == [0, 1, -1]


def test_infinite_sums_are_an_error_too() -> None:
    with pytest.raises(library.InputError, match="too large"):
        library.group(library.Rollouts.from_arrays([0, 0], [np.inf, 0]))


@pytest.mark.parametrize("text", ["1_0", "\uff11", "0x10", "1e", ".", "\u0661", "1 0", "true"])
def test_text_that_is_no_number_is_no_reward(text: str, tmp_path: Path) -> None:
    """Python's float() takes some of these; a table does not, and so neither do lines."""
    line = json.dumps({"group": "g", "reward": text}) + "\n"
    (tmp_path / "x.jsonl").write_text(line)
    (tmp_path / "y.jsonl").write_text(f"{ROW.replace('1', 'NaN')}\n{line}")  # line by line
    for name in ("x.jsonl", "y.jsonl"):
        with pytest.raises(library.InputError, match="expected a number"):
            library.group(tmp_path / name)


@pytest.mark.parametrize("text", ["1", " 1.0 ", "+1e0", ".1e1", "1."])
def test_text_that_is_a_number_is_a_reward(text: str, rlcalc: Shell) -> None:
    lines = f"{ROW.replace('1', 'NaN')}\n" + json.dumps({"group": "g", "reward": text}) + "\n"
    done = rlcalc("group", "--json", stdin=lines)

    assert json.loads(done.stdout)["rows"][1]["reward"] == 1


def test_why_asks_which_of_several_steps(rlcalc: Shell, tmp_path: Path) -> None:
    rows = [{"step": s, "group": 0, "reward": r} for s in (3, 5) for r in (0, 1)]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = rlcalc("group", "x.jsonl", "--why", "0")

    assert done.returncode == 2
    assert "STEP/GROUP: 3/0 and 5/0" in done.stderr
    assert "Group 0 of step 5" in rlcalc("group", "x.jsonl", "--why", "5/0").stdout
    assert (
        "in the step 4\n  fix:   it is in 3 and 5"
        in rlcalc("group", "x.jsonl", "--why", "4/0").stderr
    )


def test_why_shows_how_the_prompt_begins(tmp_path: Path) -> None:
    rows = [{**VERL, "input": "1 + 1 = ?\n" + "x" * 999, "score": score} for score in (0, 1)]
    (tmp_path / "3.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    answer = str(tmp_path / "answer.json")
    app_of(COMMANDS)(
        ["group", str(tmp_path / "3.jsonl"), "--why", "0", "-o", answer], standalone_mode=False
    )
    prompt = json.loads(Path(answer).read_text())["facts"]["prompt"]

    assert prompt.startswith("1 + 1 = ? xxx")
    assert len(prompt) <= 200


def test_groups_smaller_than_k_have_no_advantage_by_pass_k(rlcalc: Shell) -> None:
    lines = "".join(f'{{"group": {g}, "reward": {r}}}\n' for g, r in ((0, 1), (0, 0), (1, 1),
                                                                   (1, 0), (1, 0)))  # fmt: skip
    arguments = ("group", "--estimator", "pass-k-analytic", "-k", "3", "--json")
    done = rlcalc(*arguments, stdin=lines)
    advantage = [row["advantage"] for row in json.loads(done.stdout)["rows"]]

    assert advantage[:2] == [None, None]
    assert None not in advantage[2:]
    assert "1 of 2 groups have fewer than k = 3 rollouts" in done.stderr


NEMO = {"token_loss_mask": [[0, 1]], "rewards": [1.0], "advantages": [[0.0, 0.0]]}


def test_occurrences_of_a_prompt_that_are_merged_are_said(rlcalc: Shell, tmp_path: Path) -> None:
    prompts = [5, 5, 6, 6, 5, 5]
    rows = [{**NEMO, "token_ids": [[p, 9]], "idx": n} for n, p in enumerate(prompts)]
    (tmp_path / "train_data_step1.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    done = rlcalc("group", "train_data_step1.jsonl", "--csv")

    assert "1 of 2 groups is of a prompt that occurs in several places" in done.stderr


def test_rollouts_that_two_files_have_are_said(rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(f"{ROW}\n{ROW}\n")
    (tmp_path / "b.jsonl").write_text(f"{ROW}\n{ROW}\n")
    both, twice = rlcalc("group", "a.jsonl", "b.jsonl"), rlcalc("group", "a.jsonl", "./a.jsonl")

    assert "1 group has rollouts in several files (g), in a.jsonl and b.jsonl" in both.stderr
    assert "./a.jsonl was named twice, and read once" in twice.stderr
    assert "rollouts     2\n" in twice.stdout
    named = json.dumps({"group": 1, "rollout": 1, "reward": 1, "length": 5}) + "\n"
    (tmp_path / "a.jsonl").write_text(named)
    (tmp_path / "b.jsonl").write_text(named)
    done = rlcalc("group", "a.jsonl", "b.jsonl", "--json")

    assert json.loads(done.stdout)["rows"][0]["length"] == 5
    assert "1 row is of a rollout that another file has too" in done.stderr


def test_a_glob_may_name_folders_and_steps_are_in_names(rlcalc: Shell, tmp_path: Path) -> None:
    for step in (2, 10):
        (tmp_path / f"step_{step}").mkdir()
        (tmp_path / f"step_{step}" / "x.jsonl").write_text(f"{ROW}\n{ROW}\n")
    (tmp_path / "7.csv").write_text("group,reward\ng,1\ng,0\n")
    rows = json.loads(rlcalc("group", "step_*", "7.csv", "--json").stdout)["rows"]

    assert [row["step"] for row in rows] == [2, 2, 10, 10, 7, 7]


def test_a_link_to_nothing_is_said(rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nothing")

    assert "link is a broken link, to nothing" in rlcalc("group", "link").stderr


def test_a_group_without_scores_is_unscored(rlcalc: Shell) -> None:
    """atropos writes null where the environment dropped a group of equal scores."""
    masks = {"tokens": [[1], [1]], "masks": [[1], [1]]}
    lines = [{**masks, "scores": [1, 0]}, {**masks, "scores": None}]
    done = rlcalc("group", "--json", stdin="".join(json.dumps(one) + "\n" for one in lines))

    assert [row["reward"] for row in json.loads(done.stdout)["rows"]] == [1, 0, None, None]


HOSTILE = "\x1b[31mred\x1b[0m [bold]x[/bold] \x07\u202e"


def test_hostile_text_is_shown_escaped(rlcalc: Shell, tmp_path: Path) -> None:
    rows = [
        {"group": HOSTILE, "prompt": HOSTILE, "response": HOSTILE, "reward": s, HOSTILE: 1}
        for s in (0, 1)
    ]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for arguments in (("--rows", "groups"), ("--why", HOSTILE), ("--reward", HOSTILE),
                      ("--group", "nothing"), ("--why", "nobody")):  # fmt: skip
        done = rlcalc("group", "x.jsonl", *arguments)
        both = done.stdout + done.stderr

        assert not any(sign in both for sign in "\x1b\x07\u202e"), arguments
        assert done.returncode in (0, 2, 3)
    assert "[bold]x[/bold]" in rlcalc("group", "x.jsonl", "--rows", "groups").stdout


def test_the_audit_exits_4_where_it_finds_something(rlcalc: Shell, tmp_path: Path) -> None:
    reward = [0.0, 1.0, 0.7, 0.7]
    frame = pl.DataFrame({"group": [0, 0, 1, 1], "reward": reward, "advantage": [-1, 1, 0, 0]})
    frame.write_csv(tmp_path / "fine.csv")
    frame.with_columns(
        advantage=pl.Series([-1, 1, 0.18, 0.18], dtype=pl.Float64, strict=False)
    ).write_csv(tmp_path / "ghost.csv")
    fine, ghost = rlcalc("group", "fine.csv", "--audit"), rlcalc("group", "ghost.csv", "--audit")

    assert fine.returncode == 0
    assert "rloo" in fine.stdout
    assert ghost.returncode == 4
    assert "ghosts" in ghost.stdout
    assert rlcalc("group", "fine.csv", "--audit", "--as", "trl").returncode == 4


USAGE = {
    "--estimator rlo": "did you mean rloo",
    "--as verll": "did you mean verl",
    "--as trl --estimator opo": "trl has no estimator opo",
    "--compare grpo,grpo": "each estimator once",
    "--compare grpo --estimator rloo": "name all of them",
    "--weights 1": "--reward a,b",
    "--weights 1 --reward a,b": "that of rewards 2: a and b",
    "--compare grp,rloo": "did you mean grpo",
    "--compare grpo,rloo --rows groups": "different answers",
    "--compare grpo,rloo --rows summary": "different answers",
    "--audit --rows rollouts": "different answers",
    "--why 0 --rows groups": "different answers",
    "--estimator rloo --ddof 0": "--ddof 0 has no effect with rloo",
    "--estimator dr-grpo --epsilon 1": "has no effect",
    "--scale none --ddof 0": "has no effect",
    "--as tinker --epsilon 1": "has no effect",
    "--estimator reinforce++ --scale none": "has no effect",
    "--estimator pass-k --leave-one-out": "has no effect",
    "--compare rloo,opo --epsilon 1": "has no effect",
    "-k 2": "-k 2 has no effect",
    "--audit --epsilon 1e-4": "an audit without --estimator",
    "--weights x": "write numbers",
    "--reward a,a": "each reward once",
    "--epsilon -1": "at least 0",
    "--ddof 3": "neither 0 nor 1",
    "--success nan": "--success",
    "--tolerance 2": "--tolerance",
    "--tolerance 2 --why 1": "--tolerance",
    "--from verk": "did you mean verl",
    "--length-penalty kimy": "did you mean kimi",
    "--length-penalty overlong:5": "overlong:MAX:BUFFER",
    "--compare=": "no estimator",
    "--compare= --rows groups": "different answers",
    "--compare= --estimator grpo": "name all of them",
    "--weights=": "write numbers",
    "--length-penalty=": "one of kimi, efficiency",
    "--why nobody": "no group nobody",
    "--why rollouts --audit": "different answers",
}


@pytest.mark.parametrize("arguments", USAGE)
def test_a_call_that_makes_no_sense_is_a_usage_error(arguments: str) -> None:
    with pytest.raises(library.UsageError) as error:
        app_of(COMMANDS)(["group", "rollouts", *arguments.split()], standalone_mode=False)

    assert USAGE[arguments] in str(error.value)


IDLE = {
    "--group nope": "no column nope",
    "--length nope": "no column nope",
    "--reward nope": "there is no ",
    "--reward=": "there is no ",
}
"""Of rollouts of whatever format; what is said."""


@pytest.mark.parametrize("arguments", IDLE)
@pytest.mark.parametrize("name", [*DUMPS, "rollouts"])
def test_a_column_that_is_not_there_is_an_error(name: str, arguments: str, tmp_path: Path) -> None:
    source = str(DUMPS[name][1](tmp_path)) if name in DUMPS else name
    with pytest.raises(library.InputError, match=IDLE[arguments]) as error:
        app_of(COMMANDS)(["group", source, *arguments.split()], standalone_mode=False)

    assert error.value.faults[0].fix


@pytest.mark.parametrize("name", ["inspect-eval", "rollouts"])
def test_a_format_that_a_source_is_not_of_is_an_error(name: str, tmp_path: Path) -> None:
    source = str(DUMPS[name][1](tmp_path)) if name in DUMPS else name
    with pytest.raises(library.InputError, match="leave out --from"):
        app_of(COMMANDS)(["group", source, "--from", "trl"], standalone_mode=False)


@pytest.mark.parametrize("rows", ["rollouts", "groups", "summary"])
def test_no_answer_has_a_length_penalty_where_lengths_are_unknown(rows: Any) -> None:
    with pytest.raises(library.InputError, match="no length is known"):
        library.group("rollouts", rows=rows, length_penalty="kimi")


def test_every_form_of_answer(tmp_path: Path) -> None:
    answer = str(tmp_path / "answer")
    for form in ("table", "json", "jsonl", "csv", "tsv", "md", "parquet"):
        for rows in ("rollouts", "groups", "summary"):
            arguments = ["group", "rollouts", "--rows", rows, "-f", form, "-o", answer, "-q"]
            app_of(COMMANDS)(arguments, standalone_mode=False)
            assert Path(answer).read_bytes()


def test_help_loads_neither_numpy_nor_polars() -> None:
    import subprocess
    import sys

    code = (
        "import sys; sys.argv = ['rlcalc', 'group', '--help']\n"
        "import rlcalc.cli\n"
        "try: rlcalc.cli.app_of(['group'])(standalone_mode=False)\n"
        "finally: print(sorted({'numpy', 'polars'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout.rstrip().endswith("[]")
    assert "--audit" in done.stdout


def test_it_is_monte_carlo(rlcalc: Shell, tmp_path: Path) -> None:
    """One-step trajectories: V̂ = μ, Q̂ = r, and Â is what Dr. GRPO gives."""
    rng = np.random.default_rng(0)
    rows = [
        {**VERL, "input": f"q{g}", "output": f"answer {g} {i}", "score": float(rng.normal())}
        for g in range(6)
        for i in range(4)
    ]
    (tmp_path / "1.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = "state=input,action=output,reward=score"
    estimate = rlcalc("estimate", "1.jsonl", "--one-step", "--columns", columns, "--json")
    steps = json.loads(estimate.stdout)["rows"]
    centred = rlcalc("group", "1.jsonl", "--estimator", "dr-grpo", "--json")
    group = json.loads(centred.stdout)["rows"]
    groups = json.loads(rlcalc("group", "1.jsonl", "--rows", "groups", "--json").stdout)["rows"]

    np.testing.assert_allclose([s["q"] for s in steps], [r["reward"] for r in group], atol=1e-12)
    np.testing.assert_allclose([s["a"] for s in steps], [r["advantage"] for r in group], atol=1e-12)
    for step, one in zip(steps[::4], groups, strict=True):
        assert step["v"] == pytest.approx(one["mean"])


def test_the_spec_is_both(rlcalc: Shell) -> None:
    """What the comment of specs/rollouts.yaml works out, by group and by estimate."""
    estimated = library.estimate("rollouts")
    grouped = library.group("rollouts", "dr-grpo")
    facts = library.group("rollouts", rows="summary").facts

    np.testing.assert_allclose(estimated["a"], grouped["advantage"], atol=1e-15)
    np.testing.assert_allclose(estimated["q"], grouped["reward"])
    assert library.group("rollouts")["advantage"][0] == pytest.approx(0.866024)
    assert facts["pass_at_2"] == pytest.approx(11 / 18)
    assert facts["reward_se"] == pytest.approx(np.sqrt(1.5 * 8) / 12)


def test_no_rollouts_at_all_are_refused() -> None:
    """In memory too."""
    with pytest.raises(InputError, match="there are no rollouts"):
        library.group(Rollouts.from_arrays([], []))
