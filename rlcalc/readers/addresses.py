"""Addresses of objects: s3, gs, az, hf, http and https, each opened as a stream of its bytes.

The library that speaks to the servers, obstore, is an extra and is loaded for an address alone.
What a message shows of an address has no password and no signature.
"""

from __future__ import annotations

import configparser
import importlib
import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from rlcalc.errors import InputError, shown

ADDRESS = re.compile(r"(s3a?|gs|az|abfss?|hf|https?|file)://", re.IGNORECASE)
WEB = ("http", "https", "hf")
RANGE = 1 << 23
"""Bytes of one request; a request that fails is sent again, not the whole object."""

RETRIES: dict[str, Any] = {"max_retries": 4}
CLIENT: dict[str, Any] = {"timeout": "600s", "connect_timeout": "10s"}


def is_address(source: str) -> bool:
    """Return whether a source is an address, not a path.

    >>> is_address("s3://bucket/runs/a.csv"), is_address("runs/a.csv")
    (True, False)
    """
    return ADDRESS.match(source) is not None


def path_of_file_address(source: str) -> str | None:
    """Return the path that a `file://` address holds; None: it is another address.

    >>> path_of_file_address("file:///tmp/a%20b.csv")
    '/tmp/a b.csv'
    """
    if not source.lower().startswith("file://"):
        return None
    path = source[len("file://") :].removeprefix("localhost")
    return unquote(path)


def shown_address(address: str) -> str:
    """Return an address for a message: without a user, a password and what follows `?`.

    >>> shown_address("https://ann:secret@host/a.csv?signature=1")
    'https://host/a.csv'
    """
    scheme, _, rest = address.partition("://")
    if scheme.lower() in WEB:
        rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    server, slash, path = rest.partition("/")
    return f"{scheme}://{server.rpartition('@')[2]}{slash}{path}"


def addresses(source: str, is_readable: Callable[[str], bool]) -> list[str]:
    """Return the addresses of the objects that a source names, in the order of their names.

    Args:
        source: an address of an object, of a prefix (it ends in `/`), or with `*`, `?` or `[`.
        is_readable: whether an object of a prefix is of a kind that is read, by its name.

    Raises:
        InputError: there is no such object, or the server refuses.
    """
    scheme = source.partition("://")[0].lower()
    magic = re.search(r"[*?\[]", source) is not None
    if scheme in WEB or not (magic or source.endswith("/")):
        return [source]
    root, pattern = _split(source)
    prefix = re.split(r"[*?\[]", pattern, maxsplit=1)[0].rpartition("/")[0]
    names = [name for name in _names(source, root, prefix) if not name.endswith("/")]
    if magic:
        wanted = _pattern(pattern)
        names = [name for name in names if wanted.fullmatch(name)]
    else:
        names = [name for name in names if is_readable(name)]
    if not names:
        none = "no object matches" if magic else "no object that is read stands under"
        raise InputError(
            f"{none} {shown(shown_address(source), 200)}",
            fix="list the objects with the server's own tool, and name them or another pattern",
        )
    return [f"{root}/{name}" for name in names]


def _pattern(pattern: str) -> re.Pattern[str]:
    """Return a glob as a regular expression in which `*` and `?` stay inside a folder."""
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    whole = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern):
        if part[:1] == "[" and part[-1:] == "]":
            whole += "[" + part[1:-1].replace("\\", "\\\\").replace("!", "^", part[1] == "!") + "]"
        else:
            whole += signs.get(part) or re.escape(part)
    return re.compile(whole, re.DOTALL)


def _names(source: str, root: str, prefix: str) -> list[str]:
    obstore = _library()
    with _named(source):
        pages = obstore.list(_store(root), prefix or None, chunk_size=1000)
        return sorted(str(item["path"]) for page in pages for item in page)


def _split(address: str) -> tuple[str, str]:
    """Return the root of an address, its bucket, and the path in it."""
    scheme, _, rest = address.partition("://")
    server, _, path = rest.partition("/")
    if scheme.lower() == "az":  # az://account/container/path has its container in its root
        container, _, path = path.partition("/")
        server = f"{server}/{container}"
    return f"{scheme}://{server}", path


def _web_address(address: str) -> str:
    """Return the https address of a file of a data set that the hub of Hugging Face has.

    >>> _web_address("hf://datasets/ann/runs@v1/data/a b.parquet")
    'https://huggingface.co/datasets/ann/runs/resolve/v1/data/a%20b.parquet'
    """
    if not address.lower().startswith("hf://"):
        return address
    parts = address[len("hf://") :].split("/", 3)
    if len(parts) < 4 or parts[0] != "datasets" or not parts[3]:
        raise InputError(
            f"{shown_address(address)} is not the address of one file",
            fix="write hf://datasets/OWNER/NAME/PATH, with @REVISION after the name if you like",
        )
    kind, owner, name, path = parts
    name, _, revision = name.partition("@")
    hub = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    return f"{hub}/{kind}/{owner}/{name}/resolve/{quote(revision or 'main', '')}/{quote(path)}"


def _library() -> Any:
    try:
        return importlib.import_module("obstore")
    except ImportError as error:
        raise InputError(
            "addresses of objects need the extra `remote`, which is not installed",
            fix="run: pip install 'rlcalc[remote]'",
        ) from error


@lru_cache(maxsize=64)
def _store(root: str, token: str = "") -> Any:
    """Return obstore's store of a bucket or of a file of the web."""
    _library()
    stores = importlib.import_module("obstore.store")
    client = dict(CLIENT)
    if token:
        client["default_headers"] = {"authorization": f"Bearer {token}"}
    options: dict[str, Any] = {}
    if root.lower().startswith("http"):
        client["allow_http"] = True
        return stores.HTTPStore.from_url(root, client_options=client, retry_config=RETRIES)
    if root.lower().startswith("s3"):
        options["config"] = _profile()
        if os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true"):
            client["allow_http"] = True
    return stores.from_url(root, client_options=client, retry_config=RETRIES, **options)


def _profile() -> dict[str, str]:
    """Return what the profile files of AWS say, where the environment has no key."""
    if "AWS_ACCESS_KEY_ID" in os.environ:
        return {}
    profile = os.environ.get("AWS_PROFILE", "default")
    known = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "region")
    config: dict[str, str] = {}
    for variable, file, section in (
        ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", profile),
        ("AWS_CONFIG_FILE", "~/.aws/config", f"profile {profile}"),
    ):
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read(os.path.expanduser(os.environ.get(variable, file)), encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        for name in (section, profile):
            if parser.has_section(name):
                config |= {key: parser[name][key] for key in known if key in parser[name]}
    if "AWS_REGION" in os.environ or "AWS_DEFAULT_REGION" in os.environ:
        config.pop("region", None)
    return config


class Remote(io.RawIOBase):
    """The bytes of an object from its beginning, read by ranges where the server has them."""

    def __init__(self, address: str) -> None:
        """Open an object.

        Raises:
            InputError: it is not there, or the server refuses.
        """
        self.address = address
        self._obstore = _library()
        with _named(address):
            self._store, self._path = _object(address)
            self._begin()

    def _begin(self) -> None:
        from obstore import exceptions

        final = (exceptions.NotFoundError, exceptions.PermissionDeniedError)
        refused = (*final, exceptions.UnauthenticatedError)
        whole: Any = None
        try:
            first = self._obstore.get(self._store, self._path, options={"range": (0, RANGE)})
            self.size = int(first.meta["size"])
            self._part = memoryview(bytes(first.bytes()))
        except refused:
            raise
        except exceptions.BaseError:  # an empty object, or a server without ranges
            answer = self._obstore.get(self._store, self._path)
            self.size = int(answer.meta["size"])
            whole = iter(answer.stream(min_chunk_size=RANGE))
            self._part = memoryview(b"")
        self.has_ranges = whole is None
        self._whole = whole
        self._begun = len(self._part)  # bytes that were asked for so far

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the next bytes go; 0 at the end.

        Raises:
            InputError: the server broke off, also when it was asked again.
        """
        if not self._part:
            with _named(self.address):
                self._part = self._next()
            self._begun += len(self._part)
        size = min(len(buffer), len(self._part))
        buffer[:size] = self._part[:size]
        self._part = self._part[size:]
        return size

    def _next(self) -> memoryview:
        if self._whole is not None:
            return memoryview(bytes(next(self._whole, b"")))
        if self._begun >= self.size:
            return memoryview(b"")
        end = min(self._begun + RANGE, self.size)
        part = self._obstore.get_range(self._store, self._path, start=self._begun, end=end)
        return memoryview(bytes(part))


def _object(address: str) -> tuple[Any, str]:
    """Return the store and the path in it of an object."""
    scheme = address.partition("://")[0].lower()
    if scheme in WEB:  # a signature behind `?` belongs to the address
        token = os.environ.get("HF_TOKEN", "") if scheme == "hf" else ""
        return _store(_web_address(address), token), ""
    root, path = _split(address)
    return _store(root), path


def scan_options(address: str) -> dict[str, str] | None:
    """Return what Polars must know to read an object by ranges, besides variables that it reads.

    None: only obstore reads it, for its keys and its address are not told alike by both.
    """
    scheme, _, rest = address.partition("://")
    if scheme.lower() in ("http", "https"):
        return None if "@" in rest.partition("/")[0] else {}
    return _profile() if scheme.lower() in ("s3", "s3a") else None


@contextmanager
def _named(address: str) -> Iterator[None]:
    """Turn what obstore raises into what, where and how to fix it."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # each of obstore's is a class of its own
        raise object_error(error, address) from None


REASONS = (
    (r"NoSuchBucket|bucket .*(not found|does not exist)", "there is no such bucket", "name"),
    (r"\b404\b|NotFound|NoSuchKey|not found", "there is no such object", "name"),
    (r"dns error|lookup address|Name or service", "the name of the server is not known", "host"),
    (r"\b401\b|Unauthenticated|InvalidAccessKeyId|SignatureDoesNotMatch", "no access", "key"),
    (r"\b403\b|PermissionDenied|AccessDenied|Forbidden", "no permission to read it", "key"),
    (r"metadata|credential|token|MissingAccount|account", "no credentials for it", "key"),
    (r"[Cc]onnection refused|tcp connect|error sending request", "no connection", "host"),
    (
        r"\b5\d\d\b|Server Error|server error",
        "the server failed, and again when asked anew",
        "wait",
    ),
)
FIXES = {
    "name": "see how it is spelled; a folder ends in /, and capitals count",
    "host": "see how the server is spelled, and whether this machine reaches it",
    "key": "set the usual variables or files of the server's own tool, e.g. AWS_PROFILE, "
    "AWS_ACCESS_KEY_ID, AWS_SKIP_SIGNATURE=true for a public bucket, HF_TOKEN, "
    "GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    "wait": "try again later, or copy the object here and name the copy",
}


def object_error(error: BaseException, address: str) -> InputError:
    """Return the error of an object; the library's message may hold secrets, and is not shown."""
    text = f"{type(error).__name__}: {error!r} {error}"
    for pattern, what, fix in REASONS:
        if re.search(pattern, text):
            return InputError(
                f"cannot read this object: {what}", shown(shown_address(address), 200), FIXES[fix]
            )
    return InputError(
        "cannot read this object: the connection broke off, and again when it was asked anew",
        shown(shown_address(address), 200),
        FIXES["wait"],
    )
