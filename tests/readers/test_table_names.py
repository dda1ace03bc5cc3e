"""Names of tables stand behind `::`, unless a file has this name itself."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.readers.table_names import with_table, without_table

words = st.text(st.characters(exclude_characters=":/\0", exclude_categories=["Cs"]), min_size=1)


@given(words, st.none() | words)
def test_a_name_comes_back(path: str, table: str | None) -> None:
    assert without_table(with_table(f"no/{path}", table)) == (f"no/{path}", table)


def test_a_file_with_the_sign_in_its_name_is_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a::b").write_text("x")

    assert without_table("a::b") == ("a::b", None)
    assert without_table("a::b::c") == ("a::b", "c")
