"""Numbers of shards, blocks of the tree, and partials that do not belong together."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError, UsageError
from rlcalc.partials import (
    Node,
    Partial,
    Shard,
    aligned_blocks,
    block_size,
    merged_nodes,
    parse_part,
    part_of,
    total_of,
    whole_of,
)


class Text:
    def __init__(self, text: str) -> None:
        self.text = text

    def merge(self, later: "Text") -> "Text":
        return Text(f"({self.text}{later.text})")

    def shifted(self, shards: int) -> "Text":
        return self


def partial_of(
    numbers: list[int], total: int | None, names: str = "abcdefgh", **question: Any
) -> Partial:
    shards = [Shard(number, names[number], "f") for number in numbers]
    nodes = [Node(number, 0, Text(names[number])) for number in numbers]
    return Partial({"command": "estimate", **question}, total, shards, lambda: nodes)


@given(first=st.integers(0, 500), n=st.integers(1, 500), most=st.sampled_from([1, 4, 1024]))
def test_blocks_are_of_the_tree_and_are_all_of_it(first: int, n: int, most: int) -> None:
    blocks = list(aligned_blocks(first, first + n, most))

    assert [number for block in blocks for number in block] == list(range(first, first + n))
    for block in blocks:
        assert len(block) & (len(block) - 1) == 0
        assert block.start % len(block) == 0
        assert len(block) <= most


@given(n=st.integers(1, 10**6), workers=st.integers(1, 100))
def test_every_worker_has_a_turn(n: int, workers: int) -> None:
    size = block_size(n, workers)

    assert size & (size - 1) == 0
    assert size == 1 or n / size >= 3 * workers


@given(n=st.integers(1, 100), total=st.integers(1, 30))
def test_parts_are_all_and_of_like_size(n: int, total: int) -> None:
    parts = [part_of(n, number, total) for number in range(1, total + 1)]

    assert [place for part in parts for place in part] == list(range(n))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("text", ["", "0/3", "4/3", "a/b", "1", "-1/3", "1/99999999999"])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--shard"):
        parse_part(text)


def test_siblings_merge_and_others_wait() -> None:
    nodes = [Node(number, 0, Text(str(number))) for number in range(1, 7)]

    assert [(node.first, node.level) for node in merged_nodes(nodes)] == [
        (1, 0),
        (2, 1),
        (4, 1),
        (6, 0),
    ]


def test_numbered_partials_merge_by_their_numbers_in_any_order() -> None:
    parts = [partial_of([2], 3), partial_of([0, 1], 3)]
    shards, part = whole_of(parts)

    assert [one.name for one in shards] == ["a", "b", "c"]
    assert part.text == "((ab)c)"


def test_partials_without_numbers_merge_in_the_order_of_their_names() -> None:
    parts = [partial_of([0], None, name) for name in ("run 10", "run 9")]
    names = [
        Partial(one.question, None, [Shard(0, name)], one.nodes)
        for one, name in zip(parts, ("run 10", "run 9"), strict=True)
    ]
    shards, _ = whole_of(names)

    assert [one.name for one in shards] == ["run 9", "run 10"]
    assert [one.number for one in shards] == [0, 1]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "there are no partials"),
        ([partial_of([0], 3), partial_of([2], 3)], "1 of 3 shards are missing: 2"),
        ([partial_of([0], 2), partial_of([0], 2)], "shard 1 is there twice"),
        ([partial_of([0], None), partial_of([0], None)], "the shard a is there twice"),
        ([partial_of([0], 2), partial_of([1], 3)], "number their shards differently"),
        ([partial_of([0], 2), partial_of([1], None)], "number their shards differently"),
        ([partial_of([0], 2), partial_of([1], 2, gamma=0.5)], "gamma is 0.5 here, and None"),
        ([partial_of([0], 2), partial_of([1], 2, layout=1)], "layout is 1 here"),
    ],
)
def test_partials_that_are_no_whole_are_refused(parts: list[Partial], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        whole_of(parts)
    assert caught.value.faults[0].fix


def test_nothing_has_no_total() -> None:
    assert total_of([]) is None


def test_a_partial_tells_what_it_is() -> None:
    assert repr(partial_of([0, 1], 3)) == "<Partial of estimate: 2 of 3 shards>"
    assert partial_of([0], 3).title == "the partial of a"
