"""Labels that are empty, or look as if they were missing, come back from what was written."""

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.renderers import csv
from rlcalc.result import Column, Result

ODD = st.sampled_from(["", " ", '"', "a,b", "null", "NA", "x"])


def written(result: Result, form: str = "csv") -> str:
    stream = io.BytesIO()
    csv.write(result, form, stream, None)
    return stream.getvalue().decode()


def test_an_empty_text_is_quoted_and_a_missing_one_is_not() -> None:
    columns = {"a": Column(["", None, "b"], "text"), "n": Column([1, None, 2.5], "number")}
    result = Result("c", "t", columns, {})

    assert written(result) == 'a,n\n"",1.0\n,\nb,2.5\n'


@given(st.lists(ODD, min_size=1, max_size=5), st.booleans())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_labels_come_back_from_what_gain_writes(
    tmp_path_factory: pytest.TempPathFactory, labels: list[str], large: bool
) -> None:
    """By whichever way it was written."""
    folder = tmp_path_factory.mktemp("labels")
    columns: dict[str, Any] = {"state": labels, "action": labels, "reward": [1.0] * len(labels)}
    first = rlcalc.gain({"episode": [0] * len(labels), **columns})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv, "LARGE", 1 if large else 1 << 20)
        for form in ("csv", "tsv"):
            (folder / f"g.{form}").write_text(written(first, form))
            again = rlcalc.gain(folder / f"g.{form}")
            for name in ("state", "action", "gain"):
                assert list(again.columns[name].values) == list(first.columns[name].values)


def test_a_policy_of_empty_names_comes_back(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(
        '{"states": {"": {"": {"to": ""}, "x": {"to": "", "reward": 1}}}, "gamma": 0.5}'
    )
    first = rlcalc.solve(tmp_path / "m.json")
    (tmp_path / "p.csv").write_text(written(first))
    again = rlcalc.solve(tmp_path / "m.json", policy=str(tmp_path / "p.csv"))

    assert list(again.columns["pi"].values) == list(first.columns["pi"].values)
