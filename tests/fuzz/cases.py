"""Cases: a command, its options and its files, all drawn from one seed and number."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rlcalc.commands import COMMANDS
from tests.fuzz import arguments, formats, mutations

MODELS = ("solve", "simulate", "gradient", "check")
EXPERIENCE = ("gain", "estimate", "group", "check")


@dataclass(frozen=True)
class Case:
    """What is run: the words of a command line, in a folder with these files."""

    words: tuple[str, ...]
    files: Mapping[str, bytes]
    kind: str  # format of the input, and how it was mutated

    @property
    def output(self) -> str | None:
        return self.words[self.words.index("-o") + 1] if "-o" in self.words else None

    @property
    def format(self) -> str | None:
        return self.words[self.words.index("-f") + 1] if "-f" in self.words else None


def made_case(seed: int, number: int, corpus: Path) -> Case:
    """Return the case of a seed and number; the corpus is a folder of files."""
    rng = random.Random(f"{seed}/{number}")
    paths = sorted(corpus.iterdir())
    path, other = rng.choice(paths), rng.choice(paths)
    suffix, how, data = _file(path, other, rng)
    second, _, second_data = _file(other, path, rng)
    name, second_name = f"input.{suffix}", f"other.{second}"
    text = data + path.name.encode()
    signs = (b"states:", b"environment", b"next_state", b"npz", b'"states": {', b"@model", b"gym")
    likely = MODELS if any(sign in text for sign in (*signs, b".tra")) else EXPERIENCE
    command = rng.choice(likely if rng.random() < 0.8 else COMMANDS)
    words = [command, *([] if rng.random() < 0.02 else [name])]
    if command in ("simulate", "gradient") and rng.random() < 0.9:
        words += [
            "--seed",
            "1",
            "-n",
            rng.choice("1259"),
            *(["--max-steps", "9"] if rng.random() < 0.9 else []),
        ]
    if command == "gradient" and rng.random() < 0.3:
        words += [rng.choice(("--from-data", "--logits")), second_name]
    drawn = arguments.drawn_options(command, rng)
    words += [word.replace(arguments.OTHER, second_name) for word in drawn]
    form = rng.choice(arguments.FORMATS)
    if command == "check" or (command != "manual" and rng.random() < 0.3):
        words += ["-f", "json" if command == "check" and rng.random() < 0.7 else form]
    if command != "manual" and rng.random() < 0.15:
        words += ["-o", f"answer.{form if rng.random() < 0.9 else 'nope'}"]
    return Case(tuple(words), {name: data, second_name: second_data}, f"{suffix} {how}")


def _file(path: Path, other: Path, rng: random.Random) -> tuple[str, str, bytes]:
    """Return a mutated file: its suffix, how it was mutated, and its bytes."""
    form, how, data = path.suffix[1:], "by bytes", path.read_bytes()
    if rng.random() < 0.1:
        how = "as it is"
    elif rng.random() < 0.6:
        try:
            form, data = _by_structure(path, other, rng)
            how = "by structure"
        except BaseException:  # a library cannot write it, or panics
            form, data = path.suffix[1:], mutations.mutated_bytes(data, other.read_bytes(), rng)
    else:
        data = mutations.mutated_bytes(data, other.read_bytes(), rng)
    if rng.random() < 0.08:
        packing = rng.choice(("gz", "zst"))
        form, data = f"{form}.{packing}", formats.compressed(data, packing)
        if rng.random() < 0.2:
            data = mutations.mutated_bytes(data, data, rng)
    return form, how, data


def _by_structure(path: Path, other: Path, rng: random.Random) -> tuple[str, bytes]:
    document = formats.parsed(path.read_bytes(), path.suffix[1:])
    try:
        spliced = formats.parsed(other.read_bytes(), other.suffix[1:])
    except BaseException:
        spliced = None
    document = mutations.mutated(document, spliced, rng)
    if path.suffix == ".npz" or (path.stem == "arrays" and rng.random() < 0.9):
        return "npz", formats.written(document, "npz", rng)
    rows = isinstance(document, list)
    form = rng.choice(formats.ROWS if rows else formats.DOCUMENTS)
    return form, formats.written(document, form, rng)
