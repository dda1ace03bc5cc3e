"""A real Ray on this machine, of two workers: the same bytes, also when one is killed."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rlcalc
from rlcalc.engines import ray as engine
from rlcalc.errors import InputError, UsageError
from tests.conftest import Shell
from tests.shards.conftest import Cut, cut, log_of_steps

ray = pytest.importorskip("ray")
__all__ = ["cut"]

pytestmark = [
    pytest.mark.xdist_group("ray"),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    engine._connect(engine._ray(), None, 2)
    yield
    ray.shutdown()


def double(piece: int) -> int:
    return 2 * piece


def refuse(piece: int) -> int:
    raise InputError(f"{piece} is wrong", "here", "mend it")


def killed_once(piece: tuple[int, str]) -> int:
    """Kill the worker at the first try of piece 3."""
    number, marks = piece
    mark = Path(marks) / "killed"
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return number


@pytest.mark.usefixtures("cluster")
def test_answers_come_in_the_order_of_the_pieces() -> None:
    assert list(engine.run(double, range(20))) == [2 * n for n in range(20)]


@pytest.mark.usefixtures("cluster")
def test_errors_of_the_work_come_back_as_they_are() -> None:
    with pytest.raises(InputError, match="0 is wrong") as caught:
        list(engine.run(refuse, range(5)))
    assert caught.value.faults[0].fix == "mend it"


@pytest.mark.usefixtures("cluster")
def test_the_piece_of_a_lost_worker_is_worked_out_again(tmp_path: Path) -> None:
    pieces = [(number, str(tmp_path)) for number in range(8)]

    assert list(engine.run(killed_once, pieces)) == list(range(8))
    assert (tmp_path / "killed").exists()


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("places", [[], [70], [10, 30, 31, 55, 80, 100]])
def test_the_bytes_are_those_of_threads(cut: Cut, places: list[int]) -> None:
    names = cut(log_of_steps(3, 60).drop("env"), places)
    threads = rlcalc.by_shards("estimate", names)
    cluster = rlcalc.by_shards("estimate", names, engine="ray")

    assert list(cluster.rows()) == list(threads.rows())
    assert cluster.plain_facts() == threads.plain_facts()


@pytest.mark.usefixtures("cluster")
def test_rollouts_travel_too(cut: Cut) -> None:
    from tests.shards.test_rollouts import log_of_rollouts

    names = cut(log_of_rollouts(1, 100), [30])
    how: dict[str, Any] = {"group": "prompt_id", "rows": "groups"}

    one = rlcalc.group(names, **how)
    assert list(rlcalc.by_shards("group", names, engine="ray", **how).rows()) == list(one.rows())


def test_without_ray_what_to_install_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(UsageError, match="Ray is not installed"):
        list(engine.run(double, range(2)))


def test_ctrl_c_waits_until_a_cluster_can_be_stopped() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        with engine._signals_later():
            os.kill(os.getpid(), signal.SIGINT)
            steps.append("started")
        time.sleep(5)

    assert steps == ["started"]


@pytest.mark.slow
def test_a_command_starts_a_cluster_of_its_own(rlcalc: Shell, cut: Cut) -> None:
    names = cut(log_of_steps(3, 60).drop("env"), [40])
    threads = rlcalc("estimate", *names, "--engine", "threads", "--csv")
    cluster = rlcalc("estimate", *names, "--engine", "ray", "-j", "2", "--csv")

    assert cluster.returncode == 0, cluster.stderr
    assert cluster.stdout == threads.stdout


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_is_named(rlcalc: Shell, cut: Cut) -> None:
    names = cut(log_of_steps(3, 60).drop("env"), [40])
    done = rlcalc("estimate", *names, "--engine", "ray", "--engine-address", "127.0.0.1:1")

    assert done.returncode == 3, done.stderr
    assert "no cluster of Ray answers" in done.stderr
    assert "Traceback" not in done.stderr
