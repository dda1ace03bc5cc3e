"""Reports of every kind of source: what is in them, what is refused, and how large they are."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlcalc
from rlcalc.api.reports import page
from rlcalc.errors import InputError, UsageError
from rlcalc.pages import Page, Section, Table
from tests.cases.program import as_json, run


def section(about: Page, name: str) -> Section:
    return next(one for one in about.sections if one.name == name)


def tables(about: Page) -> dict[str, Table]:
    return {one.title: one for part in about.sections for one in part.tables}


def facts(about: Page, command: str) -> dict[str, Any]:
    rows = tables(about)[f"Everything that rlcalc {command} says"].result
    return dict(zip(rows["fact"].tolist(), rows.columns["value"].values, strict=True))


@pytest.mark.parametrize(
    ("source", "command", "title", "rows"),
    [
        ("rollouts", "group", "Groups", ("--rows", "groups")),
        ("rollouts", "group", "Steps", ("--rows", "summary")),
        ("rollouts", "group", "Branches of the groups in full", ("--rows", "branches")),
        ("grid-walks", "estimate", "Estimates of V, Q and A", ()),
        ("frozen-lake", "solve", "Values and the best policy", ()),
    ],
)
def test_numbers_are_those_of_the_command(
    source: str, command: str, title: str, rows: tuple[str, ...]
) -> None:
    about = page(source, **({"estimator": "grpo"} if command == "group" else {}))
    answer = as_json(command, source, *rows)

    assert list(tables(about)[title].result.rows()) == answer.rows
    if title == "Branches of the groups in full":
        expected = "rlcalc group rollouts --rows branches --by words"
        assert tables(about)[title].command == expected  # which takes no estimator
    elif title != "Groups":
        shown = facts(about, command)
        for name, value in answer.facts.items():
            if value not in (None, "") and not isinstance(value, dict):
                assert shown[name.replace("_", " ")] == value


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("rollouts", "trajectories"),  # of one step each, as `check` says too
        ("grid-walks", "trajectories"),
        ("gridworld-4x4", "a model"),
        (np.array([[0.0, 1.0], [1.0, 1.0]]), "rollouts"),
        ({"group": ["a", "a"], "reward": [0.0, 1.0]}, "rollouts"),
        ({"state": ["a"], "action": ["b"], "reward": [1.0], "terminated": [True]}, "trajectories"),
    ],
)
def test_a_report_is_of_what_the_source_is(source: Any, kind: str) -> None:
    about = page(source)

    assert about.kind == kind
    assert all(one.sentences or one.charts or one.tables or one.groups for one in about.sections)


def test_an_option_that_changes_nothing_is_refused() -> None:
    for source, option in (
        ("rollouts", {"gamma": 0.9, "estimator": "grpo"}),
        ("frozen-lake", {"where": "reward > 0"}),
        ("grid-walks", {"grid": "2x2"}),
        ("grid-walks", {"texts": "all"}),
    ):
        with pytest.raises(UsageError, match="changes nothing in a report"):
            page(source, **option)


def write_run(folder: Path, n_groups: int, size: int, text: str = "text") -> str:
    path = folder / "1.jsonl"
    with path.open("w") as stream:
        for group in range(n_groups):
            for r in range(size):
                score = float((group * 7 + r * (group % 4)) % size < size // 2)
                record = {"input": f"question {group}", "output": f"{text} {group}/{r}"}
                stream.write(json.dumps(record | {"gts": "1", "score": score, "step": 1}) + "\n")
    return str(path)


def test_the_groups_that_matter_have_their_own_texts(tmp_path: Path) -> None:
    about = page(write_run(tmp_path, 200, 4))
    groups = section(about, "groups").groups

    assert 15 <= len(groups) <= 30
    assert {one.reason.split(":")[0] for one in groups} == {"rewards vary most", "dead"}
    for one in groups:
        number = one.title.split()[1]
        assert one.prompt == f"question {number}"
        assert [card.text for card in one.cards] == [f"text {number}/{r}" for r in range(4)]


def test_every_group_is_there_with_all_texts(tmp_path: Path) -> None:
    source = write_run(tmp_path, 50, 2, "long " * 2000)
    some, every = (section(page(source, texts=texts), "groups") for texts in ("chosen", "all"))

    assert len(every.groups) == 50
    assert all(card.cut == 0 for one in every.groups for card in one.cards)
    assert {len(card.text) + card.cut for card in some.groups[0].cards if card.text} <= {
        len(card.text) for one in every.groups for card in one.cards if card.text
    }


def test_advantages_of_the_command_and_the_report_are_the_same(tmp_path: Path) -> None:
    source = write_run(tmp_path, 20, 4)
    about = page(source, estimator="rloo", texts="all")
    rows = list(rlcalc.group(source, "rloo").rows())
    cards = [card for one in section(about, "groups").groups for card in one.cards]

    assert [dict(card.facts)["advantage"] for card in cards] == [
        f"{row['advantage']:.6g}" for row in rows
    ]


def test_misfits_of_an_audit_come_first(data: Path) -> None:
    about = page(str(data / "trainers" / "trl"))
    groups = section(about, "groups").groups
    misfits = tables(about)["Advantages that do not fit"].result

    assert groups[0].reason.startswith("does not fit")
    assert len(misfits) == 20


def test_a_large_text_is_cut_and_a_page_stays_small(tmp_path: Path) -> None:
    source = write_run(tmp_path, 3, 2, "\u202e" + "x" * 3_000_000)
    text = rlcalc.report(source)

    assert len(text) < 200_000
    assert "2,99" in text
    assert "more characters" in text


def test_compressed_sources_have_their_limit(tmp_path: Path) -> None:
    path = tmp_path / "1.jsonl.gz"
    path.write_bytes(gzip.compress(Path(write_run(tmp_path, 20, 2)).read_bytes()))

    assert page(str(path), max_size="1MB").kind == "rollouts"
    with pytest.raises(InputError, match="unpacks to more"):
        page(str(path), max_size=100)


@pytest.mark.slow
def test_a_report_of_100_000_rollouts_is_small(tmp_path: Path) -> None:
    source = write_run(tmp_path, 12_500, 8, "word " * 200)

    assert len(rlcalc.report(source).encode()) < 3_000_000


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    source = write_run(tmp_path, 20, 4)

    assert rlcalc.report(source) == rlcalc.report(source)


def test_faults_are_errors_and_leave_no_file(tmp_path: Path) -> None:
    path, answer = tmp_path / "1.jsonl", tmp_path / "report.html"
    path.write_text('{"input": "a", "output": "b", "gts": "1", "score": "x", "step": 1}\n')
    with pytest.raises(InputError, match="expected a number"):
        rlcalc.report(str(path))
    done = run("report", path, "-o", answer)

    assert done.code == 3
    assert not answer.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rollouts",), "a report needs a file"),
        (("rollouts", "-o", "report.pdf"), "write -o report.html"),
        (("rollouts", "-o", "report.html", "--texts", "some"), "some"),
        (("rollouts", "-o", "report.html", "--from", "verll"), "did you mean verl"),
    ],
)
def test_usage_errors_have_a_fix(arguments: tuple[str, ...], message: str) -> None:
    done = run("report", *arguments)

    assert done.code == 2
    assert message in done.stderr


def test_a_report_is_read_from_standard_input_with_whole_texts(tmp_path: Path, rlcalc: Any) -> None:
    source = Path(write_run(tmp_path, 5, 2, "word " * 300))
    done = rlcalc("report", "-", "-o", "-", stdin=source.read_bytes())

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("</html>")
    assert "rlcalc-" not in done.stdout
    assert "word " * 300 in done.stdout
