import pytest

from rlcalc.errors import InputError
from rlcalc.readers.file_lists import sources_of_list


def test_blank_lines_and_comments_are_skipped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b c.csv"):
        (tmp_path / name).write_text("reward\n1\n")
    (tmp_path / "list").write_text("# shards\n\na.csv\n  b c.csv \r\ns3://data/x.csv\n")

    assert sources_of_list("list") == ["a.csv", "b c.csv", "s3://data/x.csv"]


def test_a_missing_file_is_named_with_its_line(tmp_path):
    (tmp_path / "list").write_text("\n# first\nnone.csv\n")

    with pytest.raises(InputError, match=r"no file none\.csv") as error:
        sources_of_list(str(tmp_path / "list"))
    assert "list, line 3" in str(error.value)


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\xff\xfe"])
def test_a_list_without_files_is_an_error(tmp_path, content):
    (tmp_path / "list").write_bytes(content)

    with pytest.raises(InputError, match="this list"):
        sources_of_list(str(tmp_path / "list"))


def test_a_list_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(InputError, match="cannot read the list"):
        sources_of_list(str(tmp_path / "none"))


def test_files_of_a_list_come_after_those_that_are_named(tmp_path):
    from rlcalc.options import needs_source

    path = tmp_path / "a.csv"
    path.write_text("state,reward\na,1\n")
    (tmp_path / "list").write_text(f"{path}\n")

    sources = needs_source([str(path)], str(tmp_path / "list"))

    assert sources == [str(path), str(path)]


@pytest.mark.parametrize("command", ["estimate", "gain", "check"])
def test_a_command_reads_a_list_as_it_reads_the_files(tmp_path, rlcalc, command):
    names = []
    for number in (1, 2):
        path = tmp_path / f"{number}.csv"
        path.write_text(f"trajectory,state,action,reward,terminated\n{number},a,go,{number},true\n")
        names.append(str(path))
    listed = "\n".join(names)

    named = rlcalc(command, *names, "--csv", "-q")
    in_a_list = rlcalc(command, "--files", "-", "--csv", "-q", stdin=listed)

    assert named.returncode == in_a_list.returncode == 0
    assert named.stdout == in_a_list.stdout
    assert named.stdout


def test_a_command_refuses_a_list_with_a_missing_file(tmp_path, rlcalc):
    (tmp_path / "list").write_text("none.csv\n")

    done = rlcalc("estimate", "--files", str(tmp_path / "list"))

    assert done.returncode == 3
    assert "list, line 1" in done.stderr
    assert "Traceback" not in done.stderr
