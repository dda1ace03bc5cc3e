"""Reading ahead: the same items in the same order, and errors where they happened."""

import threading
from collections.abc import Iterator

import pytest

from rlcalc.readers.read_ahead import read_ahead


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_every_item_comes_once_and_in_order(n: int, threads: int) -> None:
    assert list(read_ahead(lambda x: x * x, range(n), threads)) == [(x, x * x) for x in range(n)]


def test_the_next_item_is_worked_on_while_the_present_one_is_used() -> None:
    started = [threading.Event() for _ in range(3)]

    def work(item: int) -> int:
        started[item].set()
        return item

    stream = read_ahead(work, range(3))

    assert next(stream) == (0, 0)
    assert started[1].wait(5)


def test_items_before_an_error_of_the_stream_come_first() -> None:
    def items() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("the stream is damaged")

    stream = read_ahead(str, items())

    assert [next(stream), next(stream)] == [(1, "1"), (2, "2")]
    with pytest.raises(ValueError, match="damaged"):
        next(stream)


def test_an_error_of_the_work_comes_with_its_item() -> None:
    stream = read_ahead(lambda x: 1 // x, [2, 1, 0, 3])

    assert [next(stream), next(stream)] == [(2, 0), (1, 1)]
    with pytest.raises(ZeroDivisionError):
        next(stream)


def test_whoever_stops_early_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    stream = read_ahead(str, range(100), 2)
    next(stream)
    stream.close()  # type: ignore[attr-defined]

    assert threading.active_count() == before


def test_the_work_stops_when_nobody_wants_more() -> None:
    asked = []

    def items() -> Iterator[int]:
        for item in range(100):
            asked.append(item)
            yield item

    ahead = read_ahead(str, items())
    next(ahead)
    ahead.close()  # type: ignore[attr-defined]

    assert asked == [0, 1]
