"""Tables as text: quoted cells survive any blocks, and a bad row is told with its line."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.trajectories.csv import whole_rows
from rlcalc.trajectories import Trajectories

Write = Callable[[bytes], Path]

cells = st.text('ab",\n\t;#é', min_size=1, max_size=6).filter(str.strip)


def read(path: Path) -> Trajectories:
    return rlcalc.load(path).whole()


@pytest.fixture
def table(tmp_path: Path) -> Write:
    def write(data: bytes) -> Path:
        path = tmp_path / "table.csv"
        path.write_bytes(data)
        return path

    return write


@given(
    st.lists(st.tuples(cells, cells, st.integers(-9, 9)), min_size=1, max_size=12),
    st.sampled_from([",", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 80),
)
def test_any_cell_comes_back_from_blocks_of_any_size(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, int]],
    separator: str,
    line_end: str,
    block: int,
) -> None:
    """A block may end inside quotes, where a line end is not the end of a row."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=line_end)
    writer.writerows([("episode", "state", "action", "reward"), *((0, *row) for row in rows)])
    path = tmp_path_factory.mktemp("cells") / ("t.tsv" if separator == "\t" else "t.csv")
    path.write_bytes(text.getvalue().encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rlcalc.readers.sources.BLOCK", block)
        batch = read(path)

    assert [batch.states.texts[code] for code in batch.state] == [s for s, _, _ in rows]
    assert [batch.actions.texts[code] for code in batch.action] == [a for _, a, _ in rows]
    assert batch.reward.tolist() == [r for _, _, r in rows]


@given(st.text('a",\n', max_size=20))
def test_a_block_is_cut_only_outside_of_quotes(text: str) -> None:
    block = text.encode()
    whole, rest = whole_rows(block)

    assert whole + rest == block
    assert whole.count(b'"') % 2 == 0
    assert not rest or not whole or whole.endswith(b"\n")


def test_blank_lines_and_a_byte_order_mark_are_no_rows(table: Write) -> None:
    data = b"\xef\xbb\xbf\n\r\nepisode,state,action,reward\n\n1,a,x,1\n  \n1,b,x,2\r\n\n"
    batch = read(table(data))

    assert batch.start.tolist() == [0, 2]
    assert batch.states.names() == ["a", "b"]


def test_a_bad_cell_is_told_by_its_row_and_by_its_line(table: Write) -> None:
    """Line ends inside quotes count as lines, and not as rows."""
    path = table(b'episode,state,action,reward\n1,"a\nb",x,1\n1,c,x,one\n1,d,x,2\n')
    with pytest.raises(InputError) as caught:
        read(path)

    (fault,) = caught.value.faults
    assert fault.what == "reward is 'one', expected a finite number"
    assert fault.where == f"{path}, row 2 (line 4)"
    assert fault.fix == "correct or leave out this row"


@pytest.mark.parametrize(
    ("data", "what", "line"),
    [
        (b"1,a,x,1\n1,b,c,x,2\n", "a row has 5 cells, expected 4", 3),
        (b'1,a,x,1\n1,"b,x,2\n1,c,x,3\n', "a quote is never closed", 3),
        (b'1,a,x,1\n1,"b\n",x,2\n1,\xff,x,3\n', "a cell is not UTF-8", 5),
    ],
)
def test_a_row_that_is_none_is_told_with_its_line(
    data: bytes, what: str, line: int, table: Write
) -> None:
    path = table(b"episode,state,action,reward\n" + data)
    with pytest.raises(InputError) as caught:
        read(path)

    (fault,) = caught.value.faults
    assert fault.what == what
    assert fault.where == f"{path}, line {line}"
    assert fault.fix


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"state,action,reward,state\na,x,1,b\n", "columns state come twice"),
        (b"state,action,reward,\xff\na,x,1,b\n", "the header is not UTF-8"),
        (b"episode,state,action,reward\n", "the table has a header and no rows"),
    ],
)
def test_a_table_without_a_sound_header_and_rows_is_refused(
    data: bytes, what: str, table: Write
) -> None:
    with pytest.raises(InputError, match=what):
        read(table(data))


def test_a_monitor_file_of_stable_baselines_has_a_return_a_row(table: Write) -> None:
    """V of the environment is the mean return, with its standard error."""
    path = table(
        b'#{"t_start": 1700000000.1, "env_id": "CartPole-v1"}\n'
        b"r,l,t\n9,9,0.1\n11,11,0.2\n25,25,0.3\n"
    )
    rows = list(rlcalc.estimate(str(path), of="v").rows())

    assert [(row["state"], row["v_n"], row["v"]) for row in rows] == [("CartPole-v1", 3, 15.0)]
    assert rows[0]["v_se"] == pytest.approx((76 / 3) ** 0.5)
    assert rlcalc.gain(str(path))["gain"].tolist() == [9, 11, 25]


def test_returns_of_episodes_without_a_comment_are_a_log_of_episodes(table: Write) -> None:
    """As RecordEpisodeStatistics of Gymnasium gives r, l and t; other columns may follow."""
    path = str(table(b"r,l,t,success\n9,9,0.1,1\n11,11,0.2,0\n"))

    assert rlcalc.gain(path)["gain"].tolist() == [9, 11]
    with pytest.raises(InputError, match="no column for the action"):
        rlcalc.gain(path, columns={"state": "l"})


def test_steps_with_these_columns_are_steps(table: Write) -> None:
    path = table(b"r,l,t,s,a\n1,9,0,x,go\n2,9,1,x,go\n1,8,0,x,go\n")

    gains = rlcalc.gain(str(path), columns={"trajectory": "l"}, gamma=0.5)["gain"]

    assert gains.tolist() == [2, 2, 1]


def test_a_folder_of_monitor_files_is_all_of_their_episodes(table: Write) -> None:
    begin = b'#{"t_start": 1.5, "env_id": "Lake"}\nr,l,t\n'
    folder = table(begin + b"1,2,0.1\n").parent
    for name, row in (("0.monitor.csv", b"2,9,0.5\n"), ("1.monitor.csv", b"3,9,0.5\n")):
        (folder / name).write_bytes(begin + row)

    assert sorted(rlcalc.gain(str(folder))["gain"].tolist()) == [1, 2, 3]
