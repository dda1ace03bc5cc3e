"""rlcalc simulate and rlcalc estimate MODEL: what is written is read again, and nothing breaks."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import rlcalc as library
from rlcalc.errors import InputError
from tests.conftest import Shell

ENDLESS = "states: {a: {x: {to: a}}}\nstart: a\n"
CLI = [sys.executable, "-m", "rlcalc"]


def simulated(rlcalc: Shell, *arguments: object) -> str:
    done = rlcalc("simulate", *map(str, arguments), "-q")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_the_circle_closes(rlcalc: Shell) -> None:
    """simulate | estimate prints V within its error bars of what solve proves."""
    for how in (
        (),
        ("--set", "gun=bad"),
        ("--set", "bullet=bad"),
        ("--set", "gun=bad", "--set", "bullet=bad"),
    ):
        exact = json.loads(rlcalc("solve", "rifle", *how, "--json").stdout)["facts"]["start_value"]
        lines = simulated(rlcalc, "rifle", "-n", 20_000, "--seed", 2, *how)
        row = json.loads(rlcalc("estimate", "-", "--of", "v", "--json", stdin=lines).stdout)[
            "rows"
        ][0]

        assert row["v_n"] == 20_000
        if row["v_low"] is None:  # all gains are equal
            assert row["v"] == pytest.approx(exact)
        else:
            assert row["v_low"] <= exact <= row["v_high"]


@pytest.mark.parametrize("form", ["jsonl", "csv", "tsv", "parquet"])
@pytest.mark.parametrize("world", ["student", "rifle-bad-both", "frozen-lake"])
def test_what_is_written_is_read_again(
    form: str, world: str, rlcalc: Shell, tmp_path: Path
) -> None:
    name = f"steps.{form}"
    simulated(
        rlcalc, world, "-n", 300, "--seed", 3, "--with-prob", "--policy", "uniform", "-o", name
    )
    batch = library.load(tmp_path / name).whole()
    same = library.simulate(world, 300, seed=3, with_prob=True, policy="uniform").whole()

    def named(of: library.Trajectories) -> list[str]:
        return [of.states.texts[s] for s in of.state] + [of.actions.texts[a] for a in of.action]

    assert batch.start.tolist() == same.start.tolist()
    assert named(batch) == named(same)
    assert batch.reward.tolist() == same.reward.tolist()
    assert batch.behaviour_prob is not None
    assert same.behaviour_prob is not None
    assert batch.behaviour_prob.tolist() == same.behaviour_prob.tolist()
    assert batch.terminated.all()
    assert batch.last_state is not None
    assert same.last_state is not None
    if form != "jsonl":
        return
    texts = [batch.states.texts[s] for s in batch.last_state]
    assert texts == [same.states.texts[s] for s in same.last_state]


@pytest.mark.parametrize("form", ["jsonl", "csv", "json", "parquet"])
def test_jobs_do_not_change_a_byte(form: str, rlcalc: Shell, tmp_path: Path) -> None:
    contents = []
    for jobs in (1, 3):
        simulated(
            rlcalc,
            "gridworld-4x4",
            "-n",
            60_000,
            "--seed",
            9,
            "-j",
            jobs,
            "-f",
            form,
            "-o",
            f"{jobs}",
        )
        contents.append((tmp_path / str(jobs)).read_bytes())

    assert contents[0] == contents[1]


def test_csv_is_what_polars_writes(rlcalc: Shell, tmp_path: Path) -> None:
    for name in ("steps.csv", "steps.parquet"):
        simulated(rlcalc, "random-reward-chain", "-n", 50, "--seed", 3, "-o", name)

    assert (
        pl.read_parquet(tmp_path / "steps.parquet").write_csv()
        == (tmp_path / "steps.csv").read_text()
    )


def test_json_is_one_object_with_the_same_trajectories(rlcalc: Shell) -> None:
    text = simulated(rlcalc, "student", "-n", 5, "--seed", 3, "--json")
    whole = json.loads(text)
    lines = simulated(rlcalc, "student", "-n", 5, "--seed", 3).splitlines()

    estimate = rlcalc("estimate", "-", "--csv", stdin=text).stdout

    assert estimate == rlcalc("estimate", "-", "--csv", stdin="\n".join(lines)).stdout
    assert whole["command"] == "simulate"
    assert whole["facts"]["seed"] == 3
    assert whole["rows"] == [json.loads(line) for line in lines]


def test_hostile_labels_are_quoted_as_json_and_csv_ask(rlcalc: Shell, tmp_path: Path) -> None:
    strange = 'a,"b"\n\x1b[31m'
    model = {"states": {strange: {"x\ty": {"to": "end"}}, "end": {}}, "start": strange}
    (tmp_path / "strange.json").write_text(json.dumps(model))
    for form in ("jsonl", "csv", "tsv", "parquet"):
        simulated(rlcalc, "strange.json", "-n", 2, "-o", f"steps.{form}")
        result = library.estimate(tmp_path / f"steps.{form}")

        assert result["state"].tolist() == [strange], form
        assert result["action"].tolist() == ["x\ty"], form


@pytest.mark.parametrize("form", ["jsonl", "json", "csv", "tsv", "parquet"])
@pytest.mark.parametrize(
    "label",
    ["a\nb", "a\rb", "\r\n", "\x85", "", " a ", "[bold]", "007", "true", "NaN", str(10**20)],
)  # fmt: skip
def test_any_label_comes_back(form: str, label: str, tmp_path: Path) -> None:
    """Also those that another reader of CSV would take for the end of a row, or for nothing."""
    from rlcalc.renderers import trajectories
    from rlcalc.renderers.output import open_output

    model = {"states": {label: {"x": {"to": "end"}, label: {"to": "end"}}, "end": {}}}
    (tmp_path / "strange.json").write_text(json.dumps({**model, "start": label}))
    played = library.simulate(tmp_path / "strange.json", 20, seed=1)
    with open_output(str(tmp_path / "steps")) as stream:
        trajectories.write(played, form, stream)
    result = library.estimate(tmp_path / "steps", kind=form)

    assert list(map(str, result["state"])) == [label, label]
    assert sorted(map(str, result["action"])) == sorted(["x", label])


def test_whole_numbers_of_any_size_are_labels(tmp_path: Path) -> None:
    big = 10**20
    (tmp_path / "big.yaml").write_text(
        f"states: {{{big}: {{0: {{to: 1}}}}, 1: {{}}}}\nstart: {big}"
    )
    from rlcalc.renderers import trajectories
    from rlcalc.renderers.output import open_output

    with open_output(str(tmp_path / "steps.parquet")) as stream:
        played = library.simulate(tmp_path / "big.yaml", 3, seed=1)
        trajectories.write(played, "parquet", stream)

    assert library.estimate(tmp_path / "steps.parquet")["state"].tolist() == [str(big)]


def test_a_seed_can_be_typed_again(rlcalc: Shell) -> None:
    shown = rlcalc("simulate", "rifle", "-n", "5", "--seed", "1234567", "-f", "table").stdout

    assert "seed 1234567" in shown


def test_the_seed_that_was_drawn_is_said(rlcalc: Shell) -> None:
    first = rlcalc("simulate", "rifle", "-n", "5")
    seed = re.search(r"--seed (\d+)", first.stderr)
    assert seed

    assert rlcalc("simulate", "rifle", "-n", "5", "--seed", seed[1]).stdout == first.stdout


def test_gamma_that_lines_do_not_carry_is_said(rlcalc: Shell) -> None:
    assert (
        "add -g 0.5 to rlcalc estimate"
        in rlcalc("simulate", "random-reward-chain", "-n", "5").stderr
    )


def test_a_terminal_gets_the_summary() -> None:
    main, side = pty.openpty()
    subprocess.run([*CLI, "simulate", "rifle", "-n", "50", "--seed", "1"], stdout=side, check=True)
    os.close(side)
    text = os.read(main, 10_000).decode()

    assert "gain" in text
    assert "terminated 50" in text


def test_a_long_play_shows_its_progress_on_a_terminal(tmp_path: Path) -> None:
    main, side = pty.openpty()
    with subprocess.Popen(
        [*CLI, "simulate", "gridworld-4x4", "-n", "600000", "-o", "steps.csv"],
        stderr=side,
        cwd=tmp_path,
    ) as process:
        os.close(side)
        text = b""
        try:
            while part := os.read(main, 10_000):
                text += part
        except OSError:
            pass
    assert process.returncode == 0
    assert b"simulating" in text
    assert b"%" in text


def test_estimates_of_a_model_stand_beside_the_exact_values(rlcalc: Shell) -> None:
    done = rlcalc("estimate", "rifle", "-n", "5000", "--seed", "1", "--set", "gun=bad", "--json")
    answer = json.loads(done.stdout)

    assert answer["facts"]["exact_start_value"] == pytest.approx(0.6)
    assert 0 < answer["facts"]["standard_errors_apart"] < 4
    for row in answer["rows"]:
        assert (row["q_exact"], row["v_exact"]) == pytest.approx((0.6, 0.6))
        assert row["a_exact"] == pytest.approx(0)


def test_a_world_that_is_only_played_is_no_fault(rlcalc: Shell) -> None:
    done = rlcalc("check", "language", "--set", "horizon=50")

    assert done.returncode == 0
    assert "about 10^15 states" in done.stdout


def test_states_whose_names_have_commas_can_be_asked_for(rlcalc: Shell) -> None:
    done = rlcalc("solve", "rifle", "--states", "(0,1),(2,2)", "--csv")

    assert len(done.stdout.splitlines()) == 1 + 2 * 9


def test_set_changes_what_a_document_says(rlcalc: Shell) -> None:
    one = rlcalc("solve", "two-rooms", "--set", "gamma=0.9", "--csv")

    assert one.stdout == rlcalc("solve", "two-rooms", "-g", "0.9", "--csv").stdout
    assert rlcalc("check", "rifle", "--set", "size=4").stdout.count("\n") > 5
    simulated(
        rlcalc, "two-rooms", "--set", "start={cold: 0.5, warm: 0.5}", "-n", 3, "--max-steps", 2
    )


BAD: dict[str, tuple[tuple[str, ...], int, str]] = {
    "endless": (("simulate", "endless.yaml"), 3, "--max-steps"),
    "endless-summary": (("simulate", "endless.yaml", "--rows", "summary"), 3, "--max-steps"),
    "endless-estimate": (("estimate", "endless.yaml", "-n", "9"), 3, "--max-steps"),
    "no start": (("simulate", "nowhere.yaml"), 3, "--start"),
    "terminal": (("simulate", "student", "--start", "sleep"), 3, "starts in sleep"),
    "state": (("simulate", "student", "--start", "slep"), 3, "did you mean sleep"),
    "policy state": (("simulate", "student", "--policy", "state.yaml"), 3, "class9"),
    "policy action": (("simulate", "student", "--policy", "action.yaml"), 3, "dance"),
    "policy sum": (("simulate", "student", "--policy", "sum.yaml"), 3, "sum to 0.9"),
    "policy name": (("simulate", "student", "--policy", "unifrm"), 2, "did you mean uniform"),
    "top-p": (("simulate", "student", "--policy", "top-p:0"), 2, "top-p:0.9"),
    "spec policy": (("simulate", "rifle", "--policy", "spec"), 3, "has no policy of its own"),
    "trajectories": (("simulate", "two-states"), 3, "not a model"),
    "several": (("estimate", "rifle", "student", "-n", "5"), 2, "a model is one"),
    "model without -n": (("estimate", "rifle"), 3, "-n EPISODES"),
    "environment without -n": (("estimate", "jacks-car-rental"), 3, "-n EPISODES"),
    "play without -n": (("estimate", "two-states", "--seed", "3"), 2, "-n EPISODES"),
    "one step": (("estimate", "rifle", "-n", "5", "--one-step"), 2, "applies to trajectories"),
    "environment": (("simulate", "riffle"), 3, "did you mean rifle"),
    "unknown world": (("simulate", "world.yaml"), 3, "did you mean rifle"),
    "key": (("simulate", "key.yaml"), 3, "line 2: gn"),
    "set": (("simulate", "rifle", "--set", "gun"), 2, "NAME=VALUE"),
    "set name": (("simulate", "rifle", "--set", "gn=bad"), 3, "did you mean gun"),
    "set value": (("simulate", "rifle", "--set", "gun=[1"), 3, "--set gun"),
    "set in a document": (("solve", "student", "--set", "gmma=1"), 3, "did you mean gamma"),
    "set in a table": (("solve", "table.csv", "--set", "gamma=1"), 3, "no parameters"),
    "markdown": (("simulate", "rifle", "-f", "md", "--rows", "trajectories"), 2, "--rows summary"),
    "suffix": (("simulate", "rifle", "-o", "steps.xyz"), 2, "suffix"),
    "episodes": (("simulate", "rifle", "-n", "0"), 2, ""),
    "seed": (("simulate", "rifle", "--seed", "-1"), 2, ""),
    "large seed": (("simulate", "rifle", "--seed", str(2**63)), 2, "2^63"),
    "gamma": (("simulate", "rifle", "-g", "2", "--rows", "summary"), 2, "0 to 1"),
    "steps": (("simulate", "rifle", "--max-steps", "99999999999999999999"), 2, "2147483647"),
    "huge rewards": (("simulate", "huge.yaml"), 3, "1e+308"),
    "nothing": (("simulate", ""), 3, "there is no file"),
    "group summary": (("simulate", "rifle", "--group-size", "2", "--rows", "summary"), 2, "bars"),
    "prob summary": (("simulate", "rifle", "--with-prob", "--rows", "summary"), 2, "--with-prob"),
    "prob rollouts": (("simulate", "language", "--with-prob", "--rollouts"), 2, "do not go"),
    "rollouts rows": (("simulate", "language", "--rollouts", "--rows", "summary"), 2, "do not go"),
    "no rollouts": (("simulate", "rifle", "--rollouts"), 3, "language world"),
    "full disk": (("simulate", "rifle", "-o", "/dev/full", "-f", "csv"), 3, "No space left"),
    "full parquet": (("simulate", "rifle", "-o", "/dev/full", "-f", "parquet"), 3, "No space"),
    "no folder": (("simulate", "rifle", "-o", "nowhere/steps.csv"), 3, "cannot write"),
}  # fmt: skip
FILES = {
    "endless.yaml": ENDLESS,
    "nowhere.yaml": "states: {a: {x: {to: b}}, b: {}}\n",
    "state.yaml": "class9: study\n",
    "action.yaml": "class1: dance\n",
    "sum.yaml": "class1: {study: 0.5, facebook: 0.4}\n",
    "world.yaml": "environment: rifl\n",
    "key.yaml": "environment: rifle\ngn: bad\n",
    "huge.yaml": "states: {a: {x: {to: b, reward: -1e308}}, b: {}}\nstart: a\n",
    "table.csv": "state,action,next_state,probability,reward\na,x,b,1,1\n",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_clear_error(name: str, rlcalc: Shell, tmp_path: Path) -> None:
    arguments, code, what = BAD[name]
    for path, text in FILES.items():
        (tmp_path / path).write_text(text)
    done = rlcalc(*arguments)

    assert done.returncode == code, done.stderr
    assert what in done.stderr
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    assert done.stdout == ""
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)


@pytest.mark.parametrize("form", ["jsonl", "csv", "json", "parquet"])
def test_a_closed_pipe_is_silent(form: str) -> None:
    command = f"{sys.executable} -m rlcalc simulate gridworld-4x4 -n 30000 --seed 1 -f {form}"
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -c 100 > /dev/null"], capture_output=True, check=False
    )

    assert done.stderr == b""


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_an_interrupt_leaves_nothing_behind(form: str, tmp_path: Path) -> None:
    """A million walks take a while; they are stopped in the middle of being written."""
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        with subprocess.Popen(
            [*CLI, "simulate", "gridworld-4x4", "-n", "3000000", "-o", f"steps.{form}"],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
        ) as process:
            limit = time.monotonic() + 20
            while (
                not any(p.stat().st_size for p in tmp_path.iterdir()) and time.monotonic() < limit
            ):
                time.sleep(0.05)
            process.send_signal(number)
            _, errors = process.communicate()

        assert process.returncode == code
        assert b"Traceback" not in errors
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [("--rows", "summary"), ("-o", "steps.csv")])
def test_a_loop_that_takes_minutes_is_interrupted(how: tuple[str, str], tmp_path: Path) -> None:
    """Also after Polars has read the model, and has put its own handler there."""
    (tmp_path / "long.csv").write_text("state,action,next_state,probability,reward\na,x,a,1,1\n")
    with subprocess.Popen(
        [*CLI, "simulate", "long.csv", "--start", "a", "-n", "3", "--max-steps", str(10**9), *how],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
    ) as process:
        time.sleep(5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)

    assert process.returncode == 130
    assert errors == b""
    assert [path.name for path in tmp_path.iterdir()] == ["long.csv"]


def test_what_goes_wrong_late_is_said_in_our_words(
    tmp_path: Path,
) -> None:
    """In the middle of a Parquet file, which Polars writes."""
    from rlcalc.renderers import trajectories
    from rlcalc.renderers.output import open_output

    def batches() -> Iterator[library.Trajectories]:
        yield library.simulate("rifle", 5, seed=1).whole()
        raise InputError("episode 7 has not ended")

    for form in ("parquet", "jsonl"):
        with (
            pytest.raises(InputError, match="episode 7"),
            open_output(str(tmp_path / "x")) as stream,
        ):
            trajectories.write(batches(), form, stream)
    assert list(tmp_path.iterdir()) == []


def test_a_small_play_loads_nothing_heavy() -> None:
    code = (
        "import sys, rlcalc\n"
        "list(rlcalc.simulate('rifle', 1000, seed=1))\n"
        "rlcalc.simulate('language', 1000, rows='summary', seed=1)\n"
        "rlcalc.estimate('rifle', episodes=1000, play={'seed': 1})\n"
        "print({'polars', 'numba', 'scipy', 'gymnasium'} & set(sys.modules) or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert done.stdout == b"none\n"


def test_the_format_of_the_environment_is_honoured_where_trajectories_have_it(
    rlcalc: Shell,
) -> None:
    """A pipe of tables cannot be read, so it stays JSONL; rollouts are JSONL always."""
    arguments = ("simulate", "rifle", "-n", "3", "--seed", "1")
    for form in ("csv", "tsv", "json"):
        assert (
            rlcalc(*arguments, RLCALC_FORMAT=form).stdout == rlcalc(*arguments, "-f", form).stdout
        )
    for form in ("table", "md"):
        assert rlcalc(*arguments, RLCALC_FORMAT=form).stdout == rlcalc(*arguments).stdout
    rollouts = ("simulate", "language", "-n", "3", "--seed", "1", "--rollouts")

    assert rlcalc(*rollouts, RLCALC_FORMAT="csv").stdout == rlcalc(*rollouts).stdout


def test_a_table_has_the_summary_in_a_pipe_as_in_a_file(rlcalc: Shell, tmp_path: Path) -> None:
    arguments = ("simulate", "rifle", "-n", "3", "--seed", "1")
    for form, suffix in (("md", "md"), ("table", "txt")):
        done = rlcalc(*arguments, "-o", f"summary.{suffix}")

        assert done.returncode == 0, done.stderr
        assert (tmp_path / f"summary.{suffix}").read_text() == rlcalc(*arguments, "-f", form).stdout
