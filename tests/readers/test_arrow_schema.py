"""The names of columns, as Polars reads them."""

import io

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.readers.arrow_schema import names_of_columns

NAMES = st.lists(st.text(st.characters(codec="utf-8"), max_size=9), min_size=1, unique=True)


@given(NAMES, st.sampled_from(["write_ipc", "write_ipc_stream"]), st.integers(0, 400))
def test_names_are_those_that_polars_wrote(names: list[str], write: str, cut: int) -> None:
    file = io.BytesIO()
    kinds = [pl.Int64(), pl.String(), pl.List(pl.Struct({"a": pl.Float64()}))]
    schema = {name: kinds[place % 3] for place, name in enumerate(names)}
    getattr(pl.DataFrame(schema=schema), write)(file)

    assert names_of_columns(file.getvalue()) == names
    names_of_columns(file.getvalue()[:cut])  # of any beginning: no error
