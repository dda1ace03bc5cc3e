"""rlcalc gradient as a process: its rows and facts, the climb, data, and bad input."""

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import rlcalc as library
from rlcalc.renderers import FORMATS, PICTURES
from rlcalc.renderers.output import write
from tests.conftest import Shell

STUDENT = ("gradient", "student", "--seed", "1")
CLIMB = ("gradient", "student", "--steps", "3", "--learning-rate", "1")


def answered(rlcalc: Shell, *arguments: str) -> Any:
    done = rlcalc(*arguments, "--json", "-q")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_row_is_a_parameter_of_a_form(rlcalc: Shell) -> None:
    answer = answered(rlcalc, *STUDENT, "-n", "2000")
    rows, facts = answer["rows"], answer["facts"]

    assert list(rows[0]) == ["form", "state", "action", "gradient", "se", "exact", "z"]
    assert len(rows) == 4 * 8
    for row in rows:
        assert row["z"] == pytest.approx((row["gradient"] - row["exact"]) / row["se"])
        assert abs(row["z"]) < 4
    assert facts["objective"] == pytest.approx(-17 / 13)
    assert facts["ratio"]["trajectory"] == 1
    assert facts["cosine"]["advantage"] > 0.99
    assert set(facts["variance"]) == {"trajectory", "gain", "q", "advantage"}


def test_the_surrogate_is_not_the_objective_and_its_gradient_is(rlcalc: Shell) -> None:
    facts = answered(rlcalc, *STUDENT, "-n", "50000", "--form", "q")["facts"]

    assert abs(facts["surrogate_exact"]["q"] - facts["objective"]) > 0.4
    assert facts["surrogate"]["q"] == pytest.approx(facts["surrogate_exact"]["q"], abs=0.2)
    assert facts["norm"]["q"] == pytest.approx(facts["gradient_norm"], rel=0.02)
    assert "is not J = -1.308" in facts["statement"]


def test_the_statement_and_the_exact_surrogate_are_of_each_form(rlcalc: Shell) -> None:
    facts = answered(rlcalc, *STUDENT, "-n", "20000")["facts"]
    forms = {"trajectory", "gain", "q", "advantage"}

    assert set(facts["surrogate_exact"]) == forms
    for form in forms:
        assert f"({form}) the surrogate Ĵ = {facts['surrogate'][form]:.4g} is" in facts["statement"]
    assert facts["surrogate"]["trajectory"] == pytest.approx(
        facts["surrogate_exact"]["trajectory"], abs=2.5
    )


def test_an_estimated_critic_is_near_the_exact_one(rlcalc: Shell) -> None:
    rows = answered(rlcalc, *STUDENT, "-n", "20000", "--critic", "estimated", "--form", "q")["rows"]

    for row in rows:
        assert row["gradient"] == pytest.approx(row["exact"], abs=0.1)


def test_an_ascent_climbs_and_its_policy_is_read_by_others(rlcalc: Shell, tmp_path: Path) -> None:
    how = ("--steps", "30", "--learning-rate", "0.1")
    done = rlcalc("gradient", "student", *how, "-o", "policy.yaml", "-q", "--all")
    assert done.returncode == 0, done.stderr
    rows = answered(rlcalc, "gradient", "student", *how)["rows"]
    objective = [row["objective"] for row in rows]

    assert [row["step"] for row in rows] == list(range(31))
    assert np.all(np.diff(objective) > 0)
    assert objective[-1] > 5.3  # the optimum is 6
    solved = answered(rlcalc, "solve", "student", "--policy", "policy.yaml")
    assert solved["facts"]["start_value"] == pytest.approx(objective[-1], abs=1e-12)
    again = answered(rlcalc, "gradient", "student", "--policy", "policy.yaml", "-n", "10")
    assert again["facts"]["objective"] == pytest.approx(objective[-1], abs=1e-12)


def test_data_of_the_policy_itself_are_as_good_as_playing(rlcalc: Shell) -> None:
    play = ("simulate", "student", "-n", "500", "--seed", "1", "--policy", "uniform")
    assert rlcalc(*play, "--with-prob", "-o", "steps.jsonl").returncode == 0
    played = answered(rlcalc, *STUDENT, "-n", "500")
    read = answered(rlcalc, "gradient", "student", "--from-data", "steps.jsonl")

    for one, other in zip(played["rows"], read["rows"], strict=True):
        assert one == pytest.approx(other, abs=1e-10)
    assert read["facts"]["weighted_episodes"] == 0


def test_data_of_another_policy_are_weighted(rlcalc: Shell) -> None:
    play = ("simulate", "student", "-n", "20000", "--seed", "1", "--policy", "epsilon:0.8")
    assert rlcalc(*play, "--with-prob", "-o", "steps.parquet").returncode == 0
    read = answered(rlcalc, "gradient", "student", "--from-data", "steps.parquet")

    assert read["facts"]["weighted_episodes"] == 20_000
    assert max(abs(row["z"]) for row in read["rows"]) < 4
    assert read["facts"]["cosine"]["advantage"] > 0.999
    off = read["facts"]["objective_estimated"] - read["facts"]["objective"]
    assert abs(off) < 4 * read["facts"]["objective_se"]


def test_logits_are_read(rlcalc: Shell, tmp_path: Path) -> None:
    logits = {"class1": {"study": math.log(3)}, "class2": {"sleep": None}}
    (tmp_path / "logits.json").write_text(json.dumps({"logits": logits}))
    policy = "policy: {class1: {facebook: 0.25, study: 0.75}, class2: study}"
    (tmp_path / "policy.yaml").write_text(policy)
    one = answered(rlcalc, *STUDENT, "-n", "50", "--logits", "logits.json")
    other = answered(rlcalc, *STUDENT, "-n", "50", "--policy", "policy.yaml")

    assert one["facts"]["objective"] == pytest.approx(other["facts"]["objective"])
    for row, same in zip(one["rows"], other["rows"], strict=True):
        assert row["exact"] == pytest.approx(same["exact"])


def test_episodes_that_are_cut_are_told(rlcalc: Shell) -> None:
    done = rlcalc("gradient", "two-rooms", "--max-steps", "3", "-n", "10", "--seed", "1")

    assert done.returncode == 0
    assert "10 episodes were cut" in done.stderr


BAD: dict[str, tuple[tuple[str, ...], int, str]] = {
    "no table": (("gradient", "language", "--set", "horizon=40"), 3, "no table"),
    "endless": (("gradient", "two-rooms"), 3, "--max-steps"),
    "total of what never ends": (
        ("gradient", "two-rooms", "-g", "1", "--max-steps", "9"),
        3,
        "the gradient does not exist",
    ),
    "half an ascent": (("gradient", "student", "--steps", "3"), 2, "--learning-rate"),
    "several forms": (
        ("gradient", "student", "--steps", "3", "--learning-rate", "1", "-n", "9"),
        2,
        "give --form one of",
    ),
    "downhill": (("gradient", "student", "--steps", "3", "--learning-rate", "-1"), 2, "above 0"),
    "baseline of q": (("gradient", "student", "--form", "q", "--baseline", "mean"), 2, "baseline"),
    "logits of nobody": (("gradient", "student", "--logits", "bad.yaml"), 3, "did you mean study?"),
    "text": (("gradient", "student", "--logits", "text.yaml"), 3, "the logit is 'much'"),
    "two policies": (
        ("gradient", "student", "--logits", "zero", "--policy", "uniform"),
        2,
        "leave out one of them",
    ),
    "data of another world": (
        ("gradient", "student", "--from-data", "two-states"),
        3,
        "the model has no state",
    ),
    "weight of what has none": (
        ("gradient", "student", "--form", "trajectory", "--no-discount-weight"),
        2,
        "no factor",
    ),
    "critic of nothing": (
        ("gradient", "student", "--form", "gain", "--critic", "estimated"),
        2,
        "--critic estimated has no effect on the form gain",
    ),
    "form of the exact climb": (
        ("gradient", "student", "--form", "q", "--steps", "3", "--learning-rate", "1"),
        2,
        "-n EPISODES",
    ),
    "seed of nothing": (
        ("gradient", "student", "--seed", "1", "--steps", "3", "--learning-rate", "1"),
        2,
        "no episodes are simulated",
    ),
    "too fast": (
        ("gradient", "student", "--steps", "9", "--learning-rate", "1e308"),
        3,
        "give a --learning-rate below 1e+308",
    ),
    "no steps": (("gradient", "student", "--steps", "0", "--learning-rate", "1"), 2, "--steps"),
    "no rate": (
        ("gradient", "student", "--steps", "3", "--learning-rate", "nan"),
        2,
        "the learning rate is nan",
    ),
    "batch twice": (
        (*CLIMB, "-n", "9", "--batch", "9"),
        2,
        "give one of them",
    ),
    "rows of an ascent": (
        (*CLIMB, "-n", "9", "--form", "q", "--rows", "variance"),
        2,
        "leave out --rows",
    ),
    "jobs of nothing": (
        (*CLIMB, "-j", "2"),
        2,
        "no episodes are simulated",
    ),
    "logit of text": (
        ("gradient", "student", "--logits", "quoted.yaml"),
        3,
        "the logit is '1'\n  where: quoted.yaml, line 1: class1.study\n  fix:   write a finite",
    ),
    "logits of an end": (("gradient", "student", "--logits", "end.yaml"), 3, "nothing can be done"),
    "data of what cannot be": (
        ("gradient", "student", "--from-data", "pub.yaml"),
        3,
        "the model has no action pub in state class2\n  fix:   its actions are sleep and study",
    ),
    "data of the end": (("gradient", "student", "--from-data", "after.yaml"), 3, "terminal"),
    "one step of nothing": ((*STUDENT, "--one-step"), 2, "--one-step has no effect here"),
    "data with a typo": (
        ("gradient", "student", "--from-data", "typo.yaml"),
        3,
        "did you mean study?",
    ),
    "data and episodes": (
        ("gradient", "student", "--from-data", "two-states", "-n", "5"),
        2,
        "--from-data",
    ),
}


@pytest.mark.parametrize("form", [name for name in FORMATS if name not in PICTURES])
def test_every_format_has_every_row(form: str) -> None:
    by_form = library.gradient("student", 9, seed=1, rows="variance", batch=3)
    climb, _ = library.ascend("student", 4, 0.1)
    for answer, lines in ((library.gradient("student", 9, seed=1), 32), (by_form, 4), (climb, 5)):
        stream = io.BytesIO()
        write(answer, form, stream)

        if form == "parquet":
            assert len(pl.read_parquet(stream.getvalue())) == lines
        elif form != "json":
            assert len(stream.getvalue().splitlines()) >= lines + (form != "jsonl")
        else:
            assert len(json.loads(stream.getvalue())["rows"]) == lines


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told(name: str, rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("class1: {studi: 1}")
    (tmp_path / "text.yaml").write_text("class1: {study: much}")
    (tmp_path / "quoted.yaml").write_text('class1: {study: "1"}')
    (tmp_path / "end.yaml").write_text("sleep: {wake: 1}")
    for file, steps in {
        "pub": "class1, study, -2, class2, pub, 1, class1",
        "after": "sleep, study, 1, class1",
        "typo": "class1, studdy, -2, class2",
    }.items():
        (tmp_path / f"{file}.yaml").write_text(f"trajectories: [[{steps}]]")
    arguments, code, said = BAD[name]
    done = rlcalc(*arguments)

    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_groups_of_several_prompts_are_those_of_grpo(rlcalc: Shell, tmp_path: Path) -> None:
    """Σ_i ∇ log π(y_i) A_i / N, with the advantages that `group` gives the same rollouts."""
    play = ("language", "--set", "level=sequence", "-n", "40", "--seed", "5")
    assert rlcalc("simulate", *play, "--rollouts", "-o", "r.jsonl").returncode == 0
    advantage = answered(rlcalc, "group", "r.jsonl", "--estimator", "grpo", "--scale", "none")
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    answer = answered(rlcalc, "gradient", *play, "--form", "gain", "--baseline", "mean")
    solved = answered(rlcalc, "solve", "language", "--set", "level=sequence", "--policy", "spec")
    pi = {(row["state"], row["action"]): row["pi"] for row in solved["rows"]}
    said: dict[tuple[str, str], float] = dict.fromkeys(pi, 0.0)
    for line, row in zip(lines, advantage["rows"], strict=True):
        actions = [action for state, action in pi if state == line["prompt"]]
        one = next(a for a in actions if a.replace("|", "").removesuffix(".") == line["response"])
        for action in actions:
            share = (action == one) - pi[line["prompt"], action]
            said[line["prompt"], action] += share * row["advantage"] / 40

    assert answer["facts"]["groups"] == 2
    for row in answer["rows"]:
        wanted = said[row["state"], row["action"]]
        assert row["gradient"] == pytest.approx(wanted, abs=1e-12)


def test_a_batch_is_what_a_step_of_the_climb_plays(rlcalc: Shell) -> None:
    how = ("--steps", "2", "--learning-rate", "0.1", "--form", "gain")
    one = answered(rlcalc, *STUDENT, *how, "--batch", "50")
    other = answered(rlcalc, *STUDENT, *how, "-n", "50")

    assert one == other
    assert one["facts"]["batch"] == 50


@pytest.mark.parametrize("rows", ["gradient", "variance"])
def test_data_may_come_through_a_pipe(rows: str, rlcalc: Shell, tmp_path: Path) -> None:
    """Also where they must be looked at three times."""
    play = ("simulate", "student", "-n", "200", "--seed", "1", "--policy", "uniform")
    assert rlcalc(*play, "-o", "steps.jsonl").returncode == 0
    how = ("--baseline", "mean", "--critic", "estimated", "--rows", rows, "--csv")
    file = rlcalc("gradient", "student", "--from-data", "steps.jsonl", *how)
    data = (tmp_path / "steps.jsonl").read_text()
    pipe = rlcalc("gradient", "student", "--from-data", "-", *how, stdin=data)

    assert file.returncode == 0
    assert pipe.stdout == file.stdout


def test_a_bandit_log_with_columns_of_its_own_is_read(rlcalc: Shell, tmp_path: Path) -> None:
    """Two pulls by another policy: Σ_i ρ_i (1[a_i = a] − 1/2) r_i / 2."""
    (tmp_path / "bandit.yaml").write_text(
        "start: arms\nstates: {arms: {left: {to: end}, right: {to: end, reward: 1}}, end: {}}"
    )
    (tmp_path / "log.csv").write_text("context,arm,paid,p\narms,left,3,0.8\narms,right,1,0.2\n")
    names = "state=context,action=arm,reward=paid,behaviour_prob=p"
    how = ("--from-data", "log.csv", "--columns", names, "--one-step", "--form", "gain")
    rows = answered(rlcalc, "gradient", "bandit.yaml", *how)["rows"]

    left = (0.5 / 0.8 * 0.5 * 3 - 0.5 / 0.2 * 0.5 * 1) / 2
    assert [row["gradient"] for row in rows] == pytest.approx([left, -left])


def test_data_with_another_gamma_are_told(rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text("gamma: 0.3\ntrajectories: [[class1, study, -2, class2]]")
    done = rlcalc("gradient", "student", "--from-data", "data.yaml")

    assert done.returncode == 0
    assert "note: the gradient uses gamma 1; the data say gamma 0.3" in done.stderr


def test_logits_may_be_far_apart(rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "logits.yaml").write_text("class1: {study: 1e308, facebook: -1e308}")
    answer = answered(rlcalc, *STUDENT, "-n", "9", "--logits", "logits.yaml", "--form", "gain")

    assert [row["exact"] for row in answer["rows"]][:4] == [0, 0, 0, 0]


def test_one_episode_has_no_error(rlcalc: Shell) -> None:
    answer = answered(rlcalc, *STUDENT, "-n", "1")

    assert all(row["se"] is None and row["z"] is None for row in answer["rows"])
    assert answer["facts"]["variance"]["q"] is None


def test_help_loads_no_numpy(rlcalc: Shell) -> None:
    done = rlcalc("gradient", "--help", PYTHONPROFILEIMPORTTIME="1")

    assert done.returncode == 0
    assert "numpy" not in done.stderr
