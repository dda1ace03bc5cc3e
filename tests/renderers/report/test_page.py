"""The page as text: what a browser would refuse, and cells with their full values."""

import base64
import hashlib
import re

import pytest

from rlcalc.pages import Page, Section, Table
from rlcalc.renderers.report.page import grid, html_page, visible
from rlcalc.result import Column, Result


def test_the_only_script_is_the_one_whose_hash_is_allowed() -> None:
    text = html_page(Page("<title>", "rollouts", ["a&b"], [Section("a", "A", ["<script>1"])]))
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()

    assert len(scripts) == 1
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in text
    assert "&lt;script&gt;1" in text
    assert "a&amp;b" in text


def test_nothing_is_loaded_from_elsewhere() -> None:
    text = html_page(Page("title", "rollouts", ["run"]))

    assert not re.search(r"(src|href)=\"(?!#)|@import|url\(", text)


def test_a_cell_keeps_the_value_that_its_text_rounds() -> None:
    columns = {
        "name": Column(["1.50", None], "key"),
        "v": Column([1 / 3, 2.0]),
        "v_se": Column([0.1, 0.2], "error"),
        "n": Column([1_000_000, 2], "count"),
    }
    part = grid(Table("title", Result("estimate", "title", columns, {}), 2))
    rows = [[(cell.text, cell.value) for cell in row] for row in part.rows]

    assert part.heads == ["name", "v ± se", "n"]
    assert part.numeric == [False, True, True]
    assert rows[0] == [("1.50", ""), ("0.33 ± 0.10", repr(1 / 3)), ("1000000", "")]
    assert rows[1][0] == ("–", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\tand", "two\nlines\tand"),
        ("a\u202eb\x00", "a\\u202eb\\x00"),
        ("\ud800", "\\ud800"),
        (3, 3),
    ],
)
def test_what_a_screen_hides_is_written_as_an_escape(text: object, shown: object) -> None:
    assert visible(text) == shown
