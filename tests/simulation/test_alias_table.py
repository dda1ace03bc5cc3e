import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlcalc.numerics.random_streams import draw, stream_keys
from rlcalc.simulation import alias_table
from rlcalc.simulation.alias_table import AliasTable

rows = st.lists(
    st.lists(st.floats(1e-6, 1.0), min_size=0, max_size=9), min_size=1, max_size=6
).filter(lambda several: any(several))


def table_of(several: list[list[float]]) -> tuple[AliasTable, np.ndarray]:
    chance = np.array([p / sum(row) for row in several for p in row])
    return AliasTable.of(chance, np.cumsum([0, *map(len, several)])), chance


def test_two_slots_by_hand() -> None:
    """3/4 and 1/4: the second slot keeps half of itself and lends the rest to the first entry."""
    table, _ = table_of([[0.75, 0.25]])

    assert (table.slot & np.uint64(0xFFFFFFFF)).tolist() == [0, 0]
    assert (table.slot >> np.uint64(32))[1] == 2**31
    assert table.chance().tolist() == [0.75, 0.25]


@given(rows)
def test_a_table_holds_the_probabilities_it_was_made_of(several: list[list[float]]) -> None:
    table, chance = table_of(several)

    np.testing.assert_allclose(table.chance(), chance, atol=len(chance) * 2.0**-32)


def test_compiled_and_plain_tables_are_the_same() -> None:
    rng = np.random.default_rng(0)
    first = np.concatenate([[0], np.cumsum(rng.integers(0, 50, 200))])
    chance = rng.random(first[-1])
    plain = AliasTable.of(chance, first)
    before, alias_table.LARGE = alias_table.LARGE, 1
    try:
        compiled = AliasTable.of(chance, first)
    finally:
        alias_table.LARGE = before

    assert (plain.slot == compiled.slot).all()


def test_draws_pass_a_chi_square_test() -> None:
    table, chance = table_of([[0.5, 0.2, 0.2, 0.1], [0.01, 0.99], [0.3, 0.3, 0.4]])
    n = 100_000
    word = draw(stream_keys(5, np.arange(3 * n)), 1)
    entry = table.draw(np.repeat([0, 1, 2], n), word)
    for first, last in ((0, 4), (4, 6), (6, 9)):
        inside = entry[(entry >= first) & (entry < last)]

        assert len(inside) == n
        counts = np.bincount(inside - first, minlength=last - first)
        assert stats.chisquare(counts, n * chance[first:last]).pvalue > 1e-4
