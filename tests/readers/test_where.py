"""--where reads the rows that fit, as if the source held no others."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers import sources
from rlcalc.readers.trajectories import parquet
from tests.tables import TABLES

steps = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from("ab"), st.integers(-3, 3), st.sampled_from("xyz")),
    min_size=1,
    max_size=20,
)


@given(steps, st.sampled_from(sorted(TABLES)), st.integers(16, 300))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
def test_what_is_left_out_might_as_well_not_be_there(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, str, int, str]],
    name: str,
    block: int,
) -> None:
    names = ["episode", "state", "reward", "env_name"]
    frame = pl.DataFrame(sorted(rows), schema=names, orient="row").with_columns(action=pl.lit("go"))
    kept = frame.filter((pl.col("env_name") != "z") & (pl.col("reward") >= -1))
    folder = tmp_path_factory.mktemp("where")
    TABLES[name](frame, folder / name)
    where = ["env_name in x,y", "reward >= -1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "BLOCK", block)
        patch.setattr(parquet, "ROWS", 3)
        if not len(kept):
            with pytest.raises(InputError, match="no trajectories"):
                rlcalc.gain(str(folder / name), where=where)
            return
        answer = rlcalc.gain(str(folder / name), where=where)

    assert list(answer.rows()) == list(rlcalc.gain(kept).rows())
    n_left_out = len(frame) - len(kept)
    assert answer.facts["left_out"] == (
        {"rows that --where leaves out": n_left_out} if n_left_out else {}
    )


def test_a_fault_keeps_its_place_in_the_source(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "episode,state,action,reward,masked\n0,a,x,1,1\n0,b,x,oops,1\n0,c,x,many,0\n"
    )
    path = str(tmp_path / "a.csv")
    with pytest.raises(InputError, match="reward is 'many'") as error:
        rlcalc.gain(path, where=["masked = 0"])

    assert error.value.faults[0].where.endswith("row 3 (line 4)")
    assert list(rlcalc.gain(path, where="reward in 1")["state"]) == ["a"]


def test_rows_of_lists_are_filtered_by_their_cells() -> None:
    frame = pl.DataFrame(
        {
            "run": ["a", "b"],
            "states": [["s"], ["t"]],
            "actions": [["x"]] * 2,
            "rewards": [[1.0]] * 2,
        }
    )

    assert list(rlcalc.gain(frame, where=["run = b"])["state"]) == ["t"]


@pytest.mark.parametrize(
    "text", ["trajectories: [[a, x, 1]]", '{"states":["a"],"actions":["x"],"rewards":[1]}']
)
def test_what_is_no_table_is_refused_and_not_read_whole(text: str, tmp_path: Path) -> None:
    path = tmp_path / ("t.yaml" if text.startswith("t") else "t.jsonl")
    path.write_text(text)

    with pytest.raises(InputError, match="--where applies to tables"):
        rlcalc.gain(str(path), where=["state = a"])
