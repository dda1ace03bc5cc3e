"""Trees of prefixes: those of the definition, whatever the responses are."""

from hypothesis import given
from hypothesis import strategies as st

from rlcalc.groups.response_units import END
from tests.groups.branching import MOCK, branches_by_prefixes, trees_of


@given(st.lists(st.text("ab", max_size=5), min_size=1, max_size=12))
def test_the_tree_is_that_of_the_definition(texts: list[str]) -> None:
    trees = trees_of(texts)
    branches = {
        (prefix, "" if unit == END else unit, frozenset(trees.order[low:high].tolist()))
        for prefix, unit, low, high in zip(
            trees.prefix, trees.next, trees.low, trees.high, strict=True
        )
    }

    assert branches == branches_by_prefixes(texts)
    assert len(branches) == len(trees.low)
    assert trees.n_distinct == len(set(texts))
    repeated = {frozenset(trees.order[low:high].tolist()) for low, high in trees.repeats}
    equal = {frozenset(i for i, t in enumerate(texts) if t == text) for text in texts}
    assert repeated == {several for several in equal if len(several) > 1}


@given(st.lists(st.tuples(st.integers(0, 2), st.text("ab", max_size=3)), min_size=1, max_size=12))
def test_groups_share_nothing(rollouts: list[tuple[int, str]]) -> None:
    rollouts = sorted(rollouts)
    trees = trees_of([text for _, text in rollouts], [group for group, _ in rollouts])
    alone = [
        branches_by_prefixes([text for group, text in rollouts if group == which])
        for which in range(3)
    ]
    assert len(trees.low) == sum(map(len, alone))
    assert (trees.low >= trees.start[trees.tree]).all()
    assert (trees.high <= trees.start[trees.tree + 1]).all()


def test_a_node_stands_before_its_descendants() -> None:
    trees = trees_of(MOCK)
    assert list(trees.depth) == [0, 0, 0, 1, 1]
    assert list(trees.next) == ["a", "b", "c", "b", "c"]
    assert list(trees.high - trees.low) == [5, 2, 1, 3, 2]


def test_a_long_ladder_takes_no_recursion() -> None:
    trees = trees_of(["a" * k for k in range(3000)])
    assert len(trees.low) == 2 * 2999
