"""Names of groups that say whose they are, and counts of how answers ended."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.readers.rollouts.runs import how_runs_ended, names_of_groups, owners_of

NAMES = st.sampled_from(["a", "b", "x/a", "x/b", "x/y/a"])


@given(st.sets(st.tuples(NAMES, NAMES, st.integers(0, 2)), min_size=1))
def test_groups_of_other_tasks_and_runs_have_other_names(
    keys: set[tuple[str, str, int]],
) -> None:
    """As many names as groups; ids have no slash, so a name is read from its end."""
    rows = sorted(keys)
    heads = pl.DataFrame(
        {
            "group": [str(g) for _, _, g in rows],
            "task": [t for t, _, _ in rows],
            "run": [r for _, r, _ in rows],
        }
    )
    names = list(names_of_groups(heads, owners_of(heads)))

    assert [name.rpartition("/")[2] for name in names] == heads["group"].to_list()
    if heads["task"].n_unique() == 1 or heads["run"].n_unique() == 1:
        assert len(set(names)) == len(rows)


def test_folders_that_all_share_are_not_said() -> None:
    heads = pl.DataFrame({"group": [0, 0], "run": ["out/m1/01", "out/m2/01"]})

    assert list(names_of_groups(heads, ["run"])) == ["m1/01/0", "m2/01/0"]


def test_reasons_are_counted_the_most_frequent_first() -> None:
    frame = pl.DataFrame({"failed": [True, False, False, False], "stopped_by": [None, *"bab"]})
    facts = how_runs_ended(frame, {"x": "success", "y": "error"})

    assert facts == {
        "errors": 1,
        "stopped_by": {"b": 2, "a": 1},
        "run_status": {"success": 1, "error": 1},
    }
    assert how_runs_ended(pl.DataFrame(), {"x": "success"}) == {}
