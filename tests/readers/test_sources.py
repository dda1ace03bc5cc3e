"""Sources become files, formats and blocks of lines, however they are named, packed and cut."""

import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError
from rlcalc.readers import sources
from rlcalc.readers.shipped_specs import shipped_specs
from rlcalc.readers.sources import (
    File,
    Rewound,
    kind_of_name,
    line_blocks,
    opened,
    resolve_files,
    shown_path,
    text_of,
)


def file_of(data: bytes, kind: str = "yaml") -> File:
    return File("a.file", kind, io.BufferedReader(io.BytesIO(data)), None)


def kind_of(folder: Path, name: str, data: bytes) -> str:
    (folder / name).write_bytes(data)
    with opened(str(folder / name), None) as file:
        return file.kind


@given(st.lists(st.sampled_from([b"", b"a", b"bcd", "é".encode()]), max_size=8), st.integers(1, 9))
def test_blocks_are_the_lines_of_the_source_with_their_numbers(
    lines: list[bytes], size: int
) -> None:
    """Wherever the bytes are cut, also where the last line has no end."""
    data = b"\n".join(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "BLOCK", size)
        blocks = list(line_blocks(file_of(data)))
    before = 1
    for number, block in blocks:
        assert number == before
        before += block.count(b"\n")

    assert b"".join(block for _, block in blocks) == data
    assert all(block.endswith(b"\n") for _, block in blocks[:-1])


def test_a_line_that_never_ends_is_refused_with_its_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sources, "BLOCK", 4)
    monkeypatch.setattr(sources, "LONGEST_LINE", 16)
    with pytest.raises(InputError, match="a line is longer than") as error:
        list(line_blocks(file_of(b"ab\ncd\n" + b"x" * 40)))

    assert error.value.faults[0].where == "a.file, line 3"


@given(st.binary(max_size=9), st.binary(max_size=9), st.integers(1, 5))
def test_a_rewound_stream_gives_its_head_and_the_rest(head: bytes, rest: bytes, size: int) -> None:
    stream = io.BufferedReader(Rewound(head, io.BytesIO(rest)), size)

    assert b"".join(iter(lambda: stream.read(size), b"")) == head + rest


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a", b"PAR1\0\0", "parquet"),
        ("a.csv", b"ARROW1\0\0", "arrow"),
        ("a", b"state\taction, or so\n", "tsv"),
        ("a", b"state,action\n", "csv"),
        ("a", b"states: {a, b}\n", "yaml"),
        ("a", b"\xef\xbb\xbf\n  # a note\n", "yaml"),
        ("a", b'{"a": 1}\n{"a": 2}\n', "jsonl"),
        (
            "output_worker-0_0.json",
            b'{"type": "SampleBatch", "obs": [0], "rewards": [1]}\n',
            "jsonl",
        ),
        ("a", b'{\n "a": 1}\n', "json"),
        ("a", b'{"trajectories": []}\n', "json"),
        ("a.json", b'{"a": 1}\n', "json"),
        ("a.yaml", b"{a: 1}\n", "yaml"),
        ("a.csv", b"state: 1\n", "csv"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_the_format_is_found_by_the_content(
    name: str, data: bytes, kind: str, packed: bool, tmp_path: Path
) -> None:
    """And by the name where the content leaves a choice; compression changes neither."""
    if packed:
        name, data = f"{name}.gz", gzip.compress(data)

    assert kind_of(tmp_path, name, data) == kind


@pytest.mark.parametrize(
    ("data", "what", "fix"),
    [
        (b" \n\t\n", "the source is empty", "only white space"),
        (b"\x80\x04\x95", "this is a pickle, which rlcalc does not read", "never unpickles"),
        (b"\x01\0\x02", "this is binary, of no known format", "also .gz, .zst, .xz and .bz2"),
        (b"once upon a time\n", "this is text of no known format", "once upon a time"),
        (gzip.compress(b"a,b\n" * 99, mtime=0)[:-12], "cut off or damaged", ""),
    ],
)
def test_what_is_no_source_is_refused(data: bytes, what: str, fix: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        kind_of(tmp_path, "some.file", data)
    fault = error.value.faults[0]

    assert what in fault.what
    assert "some.file" in fault.where
    assert fix in fault.fix


def test_a_forced_format_is_held_against_the_first_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with opened(str(tmp_path / "a.csv"), "yaml") as file:
        kind, first = file.kind, file.stream.read(3)
    with (
        pytest.raises(InputError, match="this is not a parquet file") as error,
        opened(str(tmp_path / "a.csv"), "parquet"),
    ):
        pass

    assert (kind, first) == ("yaml", b"a,b")
    assert "leave out --from" in error.value.faults[0].fix


def test_files_come_in_the_order_given_and_those_of_a_folder_in_natural_order(
    tmp_path: Path,
) -> None:
    """Files of no known format, and what tools write beside data, are left out of a folder."""
    for name in ("run-10.csv", "run-2.csv", "run-1/x.jsonl.gz", "notes.txt", "metadata.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    txt = str(tmp_path / "notes.txt")
    folder = [str(tmp_path / name) for name in ("run-1/x.jsonl.gz", "run-2.csv", "run-10.csv")]

    assert resolve_files([txt, str(tmp_path), "-"]) == [txt, *folder, "-"]
    assert resolve_files([f"{tmp_path}/run*.csv"]) == folder[1:]


def test_a_source_that_names_nothing_gets_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "walks.csv").write_text("x")
    spec = next(iter(shipped_specs()))
    wrong = {
        str(tmp_path / "walk.csv"): f"did you mean {tmp_path / 'walks.csv'}?",
        f"{spec}x": f"{spec} (a shipped spec)?",
        "zzzzzzzz": "see rlcalc specs for examples",
    }
    for source, fix in wrong.items():
        with pytest.raises(InputError) as error:
            resolve_files([source])

        assert error.value.faults[0].fix.endswith(fix)
    with pytest.raises(InputError, match="no file matches") as error:
        resolve_files([f"{tmp_path}/none/*.csv"])

    assert error.value.faults[0].where == f"there is no folder {tmp_path}/none either"


def test_a_shipped_spec_is_found_by_its_name_and_shown_by_it() -> None:
    for name, path in shipped_specs().items():
        assert resolve_files([name]) == [str(path)]
        assert shown_path(str(path)) == f"the shipped spec '{name}'"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("A.CSV", "csv"), ("a.jsonl.zst", "jsonl"), ("a.gz", None), ("a.csv.txt", None)],
)
def test_a_name_promises_the_format_under_its_compression(name: str, kind: str | None) -> None:
    assert kind_of_name(name) == kind


def test_a_document_that_is_not_utf_8_is_refused_with_its_line() -> None:
    with pytest.raises(InputError, match="byte 6 is not UTF-8") as error:
        text_of(file_of(b"a: 1\nb\xff\n"))

    assert error.value.faults[0].where == "a.file, line 2"
    assert text_of(file_of(b"\xef\xbb\xbfa: 1")) == "a: 1"


def test_a_glob_of_folders_alone_matches_no_file(tmp_path: Path) -> None:
    (tmp_path / "run-1").mkdir()

    with pytest.raises(InputError, match="no file matches"):
        sources.resolve_files([str(tmp_path / "run-*")])


def test_digits_that_are_no_numbers_have_an_order_too(tmp_path: Path) -> None:
    """`"²".isdigit()` is true, and `int("²")` an error."""
    for name in ("run1²3.csv", "run2.csv"):
        (tmp_path / name).touch()

    assert [Path(path).name for path in sources.resolve_files([str(tmp_path)])] == [
        "run1²3.csv",
        "run2.csv",
    ]
