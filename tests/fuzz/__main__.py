"""python -m tests.fuzz: run, or replay, cases of a seed; exit 1 if one fails."""

import argparse
import os
import shlex
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from itertools import count, takewhile
from pathlib import Path

from tests.fuzz.corpus import write_corpus
from tests.fuzz.run import forked, keep, run_cases


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=2.0, help="stop after so many minutes")
    parser.add_argument("--cases", type=int, help="stop after so many cases")
    parser.add_argument("--case", type=int, help="replay this case, and show what it wrote")
    parser.add_argument("--jobs", type=int, default=2, help="cases at the same time")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "rlcalc-fuzz",
                        help="folder for the files of failures")  # fmt: skip
    options = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)  # forks beside idle threads of OpenBLAS
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    end = time.monotonic() + 60 * options.minutes
    numbers = (
        [options.case] if options.case is not None
        else range(options.cases) if options.cases is not None
        else takewhile(lambda _: time.monotonic() < end, count())
    )  # fmt: skip
    kinds: Counter[str] = Counter()
    codes: Counter[int | None] = Counter()
    failures: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as inside:
        corpus = Path(inside) / "corpus"
        corpus.mkdir()
        os.waitpid(forked(lambda: write_corpus(corpus)), 0)
        for outcome in run_cases(numbers, options.seed, corpus, Path(inside), options.jobs):
            case, command = outcome.case, f"python -m tests.fuzz --seed {options.seed}"
            kinds[case.kind if case else "not made"] += 1
            codes[outcome.code] += 1
            if options.case is not None:
                show(outcome.folder)
            for fault in outcome.faults:
                failures[fault] += 1
                if failures[fault] == 1:
                    words = ascii(shlex.join(["rlcalc", *case.words])) if case else ""
                    print(f"{fault}\n  {words[:300]}\n  {command} --case {outcome.number}")
                    keep(outcome, options.keep, options.seed)
            sys.stdout.flush()
            shutil.rmtree(outcome.folder, ignore_errors=True)
    print(f"{kinds.total()} cases: {dict(sorted(kinds.items()))}")
    print(f"exit codes: {dict(codes.most_common())}")
    print(f"{len(failures)} kinds of failures: {dict(failures.most_common())}"
          f"{f'; files in {options.keep}' if failures else ''}")  # fmt: skip
    return int(bool(failures))


def show(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            print(f"--- {path.relative_to(folder)}\n{ascii(path.read_bytes()[:2000])[2:-1]}")


if __name__ == "__main__":
    sys.exit(main())
