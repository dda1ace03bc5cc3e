import pytest

import rlcalc
from rlcalc.estimators import METHODS
from rlcalc.estimators.request import ONLY_V


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("of", ["all", "v", "q", "a"])
def test_every_method_has_the_rows_and_columns_of_monte_carlo(method: str, of: str) -> None:
    """What estimates V alone has a row a state."""
    if method in ONLY_V and of in ("q", "a"):
        return
    table = rlcalc.estimate("grid-walks", gamma=0.9, method=method, of=of)  # type: ignore[arg-type]
    same = "v" if method in ONLY_V else of
    mc = rlcalc.estimate("grid-walks", gamma=0.9, of=same)  # type: ignore[arg-type]

    assert list(table.columns) == list(mc.columns)
    assert table["state"].tolist() == mc["state"].tolist()
    roles, expected = ([c.role for c in one.columns.values()] for one in (table, mc))
    assert roles == expected
    symbols, expected = ([c.symbol for c in one.columns.values()] for one in (table, mc))
    assert symbols == expected
