"""Tables of values: columns by their names, and what is no table of values."""

from pathlib import Path

import pytest

from rlcalc.errors import InputError
from rlcalc.readers.value_tables import read_values


def test_numbers_and_labels(tmp_path: Path) -> None:
    path = tmp_path / "v.tsv"
    path.write_text("State\taction\tn\tq\ts\n1\tgo\t7\t2.5\tx\n2\tgo\t7\t\ty\n")

    assert read_values(str(path)) == [
        {"state": "1", "action": "go", "q": 2.5},
        {"state": "2", "action": "go", "q": None},
    ]


@pytest.mark.parametrize("text", ["state,n\na,1\n", "v\n1\n", "state,v\na,word\n"])
def test_other_tables_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "v.csv"
    path.write_text(text)
    with pytest.raises(InputError):
        read_values(str(path))
