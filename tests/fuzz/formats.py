"""Formats: bytes to objects and back, so that a document can be mutated in each of them."""

import csv
import gzip
import io
import json
import random
import re
from typing import Any

import yaml

DEEPEST = 20
"""Levels of lists that a Parquet file gets."""
ROWS = ("jsonl", "json", "csv", "tsv", "parquet", "arrow", "yaml")
DOCUMENTS = ("json", "yaml")
TEXTS = ("jsonl", "json", "csv", "tsv", "yaml")


def parsed(data: bytes, suffix: str) -> Any:
    """Return what a file holds; it raises whatever its library raises."""
    match suffix:
        case "json":
            return json.loads(data)
        case "jsonl":
            return [json.loads(line) for line in data.splitlines() if line.strip()]
        case "yaml":
            return yaml.safe_load(data)
        case "csv":
            return list(csv.DictReader(io.StringIO(data.decode())))
    import numpy as np
    import polars as pl

    match suffix:
        case "parquet":
            return pl.read_parquet(data).to_dicts()
        case "arrow":
            return pl.read_ipc(data).to_dicts()
        case "npz":
            return {name: array.tolist() for name, array in np.load(io.BytesIO(data)).items()}
    raise ValueError(suffix)


def written(document: Any, form: str, rng: random.Random) -> bytes:
    """Return the bytes of a document; it raises whatever its library raises."""
    match form:
        case "json" | "jsonl":
            lines = document if form == "jsonl" else [document]
            text = "".join(
                json.dumps(line, ensure_ascii=rng.random() < 0.5) + "\n" for line in lines
            )
            return _with_raw_numbers(_with_doubled_key(text, rng)).encode(errors="surrogatepass")
        case "yaml":
            text = yaml.safe_dump(document, sort_keys=False, allow_unicode=rng.random() < 0.5)
            return _with_raw_numbers(text).encode(errors="surrogatepass")
        case "csv" | "tsv":
            stream = io.StringIO()
            names = list(dict.fromkeys(name for row in document for name in row))
            table = csv.writer(stream, delimiter="\t" if form == "tsv" else ",")
            table.writerow(names)
            table.writerows([row.get(name) for name in names] for row in document)
            return _with_raw_numbers(stream.getvalue()).encode(errors="surrogatepass")
    import numpy as np
    import polars as pl

    stream_of_bytes = io.BytesIO()
    if form == "npz":
        arrays = {name: np.array(value) for name, value in document.items()}
        np.savez(stream_of_bytes, **arrays)
        return stream_of_bytes.getvalue()
    if _depth(document) > DEEPEST:
        raise ValueError("Polars takes minutes to make it")
    frame = pl.DataFrame(document, strict=False, infer_schema_length=None)
    if form == "parquet":
        frame.write_parquet(stream_of_bytes, compression=rng.choice(("zstd", "uncompressed")))
    else:
        frame.write_ipc(stream_of_bytes)
    return stream_of_bytes.getvalue()


def compressed(data: bytes, how: str) -> bytes:
    """Return data as gzip, or as a frame of Zstandard whose blocks hold the bytes as they are."""
    if how == "gz":
        return gzip.compress(data, mtime=0)
    blocks = [data[at : at + 65_536] for at in range(0, len(data), 65_536)] or [b""]
    heads = [len(block) << 3 for block in blocks]
    heads[-1] |= 1
    body = b"".join(h.to_bytes(3, "little") + b for h, b in zip(heads, blocks, strict=True))
    return b"\x28\xb5\x2f\xfd\xa0" + len(data).to_bytes(4, "little") + body


def _depth(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inside), default=0)


def _with_raw_numbers(text: str) -> str:
    return re.sub("""(["']?)@([^@\n]{1,12})@\\1""", r"\2", text)


def _with_doubled_key(text: str, rng: random.Random) -> str:
    keys = list(re.finditer(r'"[^"\\]{1,20}": ', text)) if rng.random() < 0.1 else []
    if not keys:
        return text
    key = rng.choice(keys)
    return f"{text[: key.start()]}{key[0]}1, {text[key.start() :]}"
