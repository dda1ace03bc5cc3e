import os
import signal
import threading
import time

import polars as pl
import pytest

from rlcalc.engines.threads import run


@pytest.mark.parametrize("jobs", [1, 2, 5])
@pytest.mark.parametrize("n", [0, 1, 2, 30])
def test_answers_come_in_the_order_of_the_pieces(jobs: int, n: int) -> None:
    def work(piece: int) -> int:
        time.sleep(0.002 * (piece % 3))
        return piece**2

    assert list(run(work, range(n), jobs)) == [piece**2 for piece in range(n)]


def test_few_pieces_wait_at_a_time() -> None:
    """So that memory does not grow with their number."""
    made, done = [], []

    def pieces() -> object:
        for n in range(50):
            made.append(n)
            yield n

    for answer in run(lambda piece: piece, pieces(), jobs=2):  # type: ignore[arg-type]
        done.append(answer)

        assert len(made) - len(done) <= 6


def test_an_interrupt_does_not_wait_for_pieces_that_take_long() -> None:
    """Ctrl-C while the answer of the first piece is waited for, also after Polars has been used."""
    pl.DataFrame({"a": [1]}).lazy().collect()
    patience, before = threading.Event(), set(threading.enumerate())
    begin = time.monotonic()
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        list(run(lambda piece: patience.wait(20), range(9), jobs=2))
    took = time.monotonic() - begin
    patience.set()
    for thread in set(threading.enumerate()) - before:
        thread.join()

    assert took < 10


def test_an_error_stops_the_work_and_is_raised() -> None:
    def work(piece: int) -> int:
        if piece == 3:
            raise ValueError("three")
        return piece

    before = threading.active_count()
    with pytest.raises(ValueError, match="three"):
        list(run(work, range(100), jobs=2))

    assert threading.active_count() == before
