"""Runs: each case in a process that is forked, with limits of time and memory, and is judged."""

import json
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from tests.fuzz.cases import Case, made_case
from tests.test_escapes import RAW

LONGEST = 10.0
"""Seconds of processor time of a case; of wall time it has six times as many."""
MOST_MEMORY = 1 << 30
"""Bytes above those that the process starts with."""
LEAST_MEMORY = 700 << 20
"""Bytes that a process with every library may take before a case counts."""
LIBRARIES = re.compile(
    "Traceback|panicked at|site-packages|RuntimeWarning|encountered in|stack bac"
)


@dataclass(frozen=True)
class Outcome:
    """How a case ended: its exit code, None if it was killed, and what is wrong with it."""

    number: int
    code: int | None
    seconds: float
    memory: int
    folder: Path
    case: Case | None
    faults: tuple[str, ...]


def run_cases(
    numbers: Iterable[int], seed: int, corpus: Path, inside: Path, jobs: int
) -> Iterator[Outcome]:
    """Run cases, several at a time, and yield each when it ends; its folder is the caller's."""
    _import_all()
    waiting, running = iter(numbers), {}
    more = True
    while more or running:
        while more and len(running) < jobs:
            number = next(waiting, None)
            if number is None:
                more = False
            else:
                folder = inside / f"{seed}-{number}"
                folder.mkdir()
                process = forked(partial(_make, seed, number, corpus, folder))
                running[process] = (number, folder, time.monotonic(), False)
        ended = _ended(running)
        if ended is None:
            time.sleep(0.003)
            continue
        process, code, usage = ended
        number, folder, _, is_made = running.pop(process)
        case = _case_of(folder)
        if case and not is_made:
            running[forked(partial(_run, case, folder))] = (number, folder, time.monotonic(), True)
            continue
        seconds, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10
        faults = tuple(_faults(case, code, seconds, memory, folder)) if case else ()
        yield Outcome(number, code, seconds, memory, folder, case, faults)


def forked(work: Callable[[], object]) -> int:
    """Run work in a process that is forked from this one, and return its number."""
    process = os.fork()
    if process:
        return process
    try:
        work()
    except BaseException as error:
        print(f"the fuzzer: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(99)
    os._exit(0)


def _import_all() -> None:
    """Import what takes time, so that a case does not; nothing of Polars may run before a fork."""
    import numpy  # noqa: F401
    import polars  # noqa: F401
    import pydantic  # noqa: F401
    import scipy.sparse.linalg  # noqa: F401
    import yaml  # noqa: F401

    import rlcalc.api  # noqa: F401
    from rlcalc.cli import command_of
    from rlcalc.commands import COMMANDS

    for command in COMMANDS:
        command_of(command)


def _make(seed: int, number: int, corpus: Path, folder: Path) -> None:
    """Write the files of a case, in a process of its own: its memory is not that of the case."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libraries panic while a file is mutated
    case = made_case(seed, number, corpus)
    (folder / "files").mkdir()
    for name, data in case.files.items():
        (folder / "files" / name).write_bytes(data)
    (folder / "case.json").write_text(json.dumps([case.words, case.kind]))


def _run(case: Case, folder: Path) -> NoReturn:
    """Become the command line of a case."""
    os.chdir(folder / "files")
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ |= {"COLUMNS": "80"}
    sys.argv = ["rlcalc", *case.words]
    from rlcalc.__main__ import main

    main()


def _case_of(folder: Path) -> Case | None:
    try:
        words, kind = json.loads((folder / "case.json").read_text())
    except (OSError, ValueError):
        return None
    return Case(tuple(words), {p.name: b"" for p in (folder / "files").iterdir()}, kind)


def _ended(running: dict[int, tuple[int, Path, float, bool]]) -> tuple[int, int | None, Any] | None:
    """Return a process that ended, its code and its usage; kill those beyond a limit."""
    for process, (_, _, start, _) in running.items():
        ended, status, usage = os.wait4(process, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return process, None if code == -signal.SIGKILL else code, usage
        late = time.monotonic() - start
        if late > 1 and (
            late > 6 * LONGEST or _seconds(process) > LONGEST or _memory(process) > 3 * MOST_MEMORY
        ):
            os.kill(process, signal.SIGKILL)
    return None


def _seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _faults(
    case: Case, code: int | None, seconds: float, memory: int, folder: Path
) -> Iterator[str]:
    """Yield what is wrong with how a case ended."""
    errors = (folder / "stderr").read_text(errors="surrogateescape")
    answer = (folder / "stdout").read_text(errors="surrogateescape")
    files = {path.name for path in (folder / "files").iterdir()}
    first = re.sub(r"\d+|'[^']*'", "#", errors.partition("\n")[0])[:90]
    if code is None or seconds > LONGEST:
        yield "takes more than 10 seconds"
    if memory > LEAST_MEMORY + MOST_MEMORY:
        yield "takes more than 1 GB"
    if code not in (0, 2, 3, 4, None):
        yield f"exit code {code}: {first}"
    yield from _faults_of_messages(case, code, errors, first)
    if case.format in ("table", None) and case.words[0] != "simulate" and RAW.search(answer):
        yield "a raw sign in a table"
    if case.format == "json" and answer:
        yield from _faults_of_json(answer)
        if code == 3 and case.words[0] == "check":
            yield from _faults_of_check(json.loads(answer)["rows"])
    if code not in (0, 4) and case.output in files and case.words[0] != "check":
        yield "a file is written beside an error"
    if strange := files - set(case.files) - {case.output}:
        yield f"files are left: {sorted(strange)}"


def _faults_of_messages(case: Case, code: int | None, errors: str, first: str) -> Iterator[str]:
    if library := LIBRARIES.search(errors):
        yield f"{library[0]} on standard error: {first}"
    if RAW.search(errors):
        yield f"a raw sign on standard error: {first!a}"
    if code == 0 and errors.startswith("error:"):
        yield f"an error, but exit code 0: {first}"
    if code == 3 and case.words[0] != "check" and "fix: " not in errors:
        yield f"an error without a fix: {first}"
    values = [word for word in case.words[2:] if word in errors]  # of the option that is wrong
    named = re.search("where: |--|-[a-z] ", errors) or values
    if case.words[0] in ("check", "specs", "manual"):
        return
    if code == 3 and not named:
        yield f"an error without a place or an option: {first}"


def _faults_of_check(rows: list[dict[str, str]]) -> Iterator[str]:
    for row in rows:
        for part in ("where", "fix"):
            if not row[part] and not ("--" in row["what"] and row["fix"]):
                what = re.sub(r"\d+|'[^']*'", "#", row["what"])[:90]
                yield f"a fault without '{part}': {what}"


def _faults_of_json(answer: str) -> Iterator[str]:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    try:
        json.loads(answer, parse_constant=refuse)
    except ValueError as error:
        yield f"not JSON: {str(error)[:40]}"


def keep(outcome: Outcome, folder: Path, seed: int) -> None:
    """Keep the files of a failure, so that it can be looked at."""
    if outcome.folder.is_dir():
        shutil.copytree(outcome.folder, folder / f"{seed}-{outcome.number}", dirs_exist_ok=True)
