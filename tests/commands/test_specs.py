"""rlcalc specs: the list, a document, the schema."""

import json

from rlcalc.environments import WORLDS
from rlcalc.readers.shipped_specs import shipped_specs
from tests.conftest import Shell


def test_everything_that_is_shipped_is_listed(rlcalc: Shell) -> None:
    rows = json.loads(rlcalc("specs", "--json").stdout)["rows"]

    assert [row["name"] for row in rows] == [*shipped_specs(), *WORLDS, "gym:NAME"]
    assert all(row["what"] for row in rows)


def test_a_spec_is_printed_as_it_is(rlcalc: Shell) -> None:
    assert rlcalc("specs", "two-rooms").stdout == shipped_specs()["two-rooms"].read_text()


def test_the_schema_is_json(rlcalc: Shell) -> None:
    assert json.loads(rlcalc("specs", "--schema").stdout)


def test_a_misspelt_name_gets_the_nearest(rlcalc: Shell) -> None:
    done = rlcalc("specs", "two-romms")

    assert done.returncode == 3
    assert "did you mean two-rooms?" in done.stderr
