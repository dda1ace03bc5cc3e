"""Objects of servers on this machine: moto's S3, and one of the web that can fail as told."""

import gzip
import http.server
import io
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers import addresses, remote_parquet
from rlcalc.readers.sources import File
from rlcalc.readers.trajectories import parquet

TEXT = b"trajectory,state,action,reward\n1,a,x,1\n1,b,x,2\n2,a,y,3\n2,b,x,4\n"
VALUES = [5.0, 3.0]  # V(a) = ((1 + 2) + (3 + 4)) / 2, V(b) = (2 + 4) / 2


def values(*sources):
    result = rlcalc.estimate(list(sources), of="v")
    return [float(value) for value in result["v"]]


def values_of_frame(frame):
    return [float(value) for value in rlcalc.estimate(frame, of="v")["v"]]


@pytest.fixture(scope="module")
def bucket():
    boto3 = pytest.importorskip("boto3")
    server = pytest.importorskip("moto.server")
    running = server.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        patch.setenv("AWS_ALLOW_HTTP", "true")
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        addresses._store.cache_clear()
        client = boto3.client("s3", endpoint_url=endpoint)
        client.create_bucket(Bucket="data")
        objects = {"a.csv": TEXT, "a.csv.gz": gzip.compress(TEXT), "note.txt": b"x"}
        objects |= {"many/2.csv": TEXT, "many/10.csv": TEXT, "empty.csv": b""}
        for name, content in objects.items():
            client.put_object(Bucket="data", Key=name, Body=content)
        yield client
        addresses._store.cache_clear()
    client.close()
    running.stop()


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "*.csv.gz", "[ab].csv", "**/?.csv.gz"])
def test_an_object_answers_what_the_file_does(bucket, name):
    assert values(f"s3://data/{name}") == VALUES


def test_parquet_of_a_bucket_answers_the_same(bucket, tmp_path):
    content = io.BytesIO()
    pl.read_csv(TEXT).write_parquet(content)
    bucket.put_object(Bucket="data", Key="p/a.parquet", Body=content.getvalue())

    assert values("s3://data/p/") == VALUES


def test_a_large_table_of_a_bucket_is_read_by_its_columns(bucket, monkeypatch):
    """Of 16 MB of texts that no question needs, next to nothing is read."""
    from rlcalc.readers import sources

    content = io.BytesIO()
    random = np.random.default_rng(0)
    n = 1 << 18
    frame = pl.DataFrame(
        {
            "trajectory": np.arange(n) // 8,
            "state": np.arange(n) % 8,
            "action": "go",
            "reward": random.normal(size=n),
            "text": [random.bytes(32).hex() for _ in range(n)],
        }
    )
    frame.write_parquet(content)
    bucket.put_object(Bucket="data", Key="large.parquet", Body=content.getvalue())
    copies = []
    monkeypatch.setattr(sources, "SMALL_COPY", 1 << 16)
    monkeypatch.setattr(parquet, "copied", copies.append)

    assert values("s3://data/large.parquet") == values_of_frame(frame)
    assert not copies


def test_an_object_that_goes_while_it_is_read_is_an_error(bucket):
    lazy = remote_parquet.scanned("s3://data/a.csv")
    assert lazy is None  # it is no Parquet
    with (
        pytest.raises(InputError, match="there is no such object") as error,
        parquet.whole(
            File(
                "s3://data/x",
                "parquet",
                io.BufferedReader(io.BytesIO()),
                None,
                remote="s3://data/none.parquet",
            )
        ),
    ):
        pl.scan_parquet("s3://data/none.parquet", credential_provider=None).collect()
    assert "RequestId" not in str(error.value)


def test_objects_of_a_prefix_come_in_the_order_of_their_numbers(bucket):
    from rlcalc.readers.sources import resolve_files

    names = ["s3://data/many/2.csv", "s3://data/many/10.csv"]

    assert resolve_files(["s3://data/many/"]) == names
    assert resolve_files(["s3://data/many/*.csv"]) == names


def test_an_object_is_read_by_ranges(bucket, monkeypatch):
    monkeypatch.setattr(addresses, "RANGE", 7)

    assert addresses.Remote("s3://data/a.csv").readall() == TEXT


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("s3://data/none.csv", "there is no such object"),
        ("s3://nowhere-at-all/a.csv", "there is no such bucket"),
        ("s3://data/none/", "no object that is read stands under"),
        ("s3://data/*.no", "no object matches"),
        ("s3://data/empty.csv", "the source is empty"),
        ("hf://datasets/a", "is not the address of one file"),
    ],
)
def test_what_is_missing_is_named(bucket, address, what):
    with pytest.raises(InputError, match=what) as error:
        values(address)

    assert address in str(error.value)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as the path says: ranges, whole, cut in the middle, or a status."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        kind = self.path.split("?")[0].strip("/").split(".")[0]
        if kind.isdigit():
            self.send_response(int(kind))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = self.headers.get("Range")
        content = TEXT
        if asked and kind == "ranges":
            begin, end = asked.removeprefix("bytes=").split("-")
            last = min(int(end), len(TEXT) - 1)
            content = TEXT[int(begin) : last + 1]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{last}/{len(TEXT)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:20] if kind == "cut" else content)
        self.close_connection = kind == "cut"

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def web():
    pytest.importorskip("obstore")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addresses, "RETRIES", {"max_retries": 1})
        yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("name", ["ranges.csv", "whole.csv", "ranges.csv?signature=abc"])
def test_servers_with_and_without_ranges_answer_the_same(web, name, monkeypatch):
    monkeypatch.setattr(addresses, "RANGE", 9)

    assert values(f"http://{web}/{name}") == VALUES


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("404.csv", "there is no such object"),
        ("403.csv", "no permission"),
        ("500.csv", "the server failed"),
        ("cut.csv", "broke off"),
    ],
)
def test_a_failing_server_is_an_error_without_secrets(web, name, what):
    with pytest.raises(InputError, match=what) as error:
        values(f"http://ann:password@{web}/{name}?signature=hidden")

    assert f"http://{web}/{name}" in str(error.value)
    assert "password" not in str(error.value)
    assert "hidden" not in str(error.value)


def test_nobody_listening_is_an_error():
    pytest.importorskip("obstore")
    with pytest.raises(InputError, match="no connection"):
        values("http://127.0.0.1:1/a.csv")


def test_without_the_extra_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)

    with pytest.raises(InputError, match=r"rlcalc\[remote\]"):
        values("s3://data/a.csv")


def test_file_addresses_need_no_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    path = tmp_path / "a b.csv"
    path.write_bytes(TEXT)

    assert values(path.as_uri()) == VALUES


def test_files_alone_do_not_load_the_extra(tmp_path):
    path = Path(tmp_path / "a.csv")
    path.write_bytes(TEXT)
    code = f"import rlcalc, sys; rlcalc.estimate({str(path)!r}); print('obstore' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


def test_keys_come_from_the_profile_files(tmp_path, monkeypatch):
    keys, config = tmp_path / "credentials", tmp_path / "config"
    keys.write_text("[work]\naws_access_key_id = a\naws_secret_access_key = b%c\n")
    config.write_text("[profile work]\nregion = eu-west-1\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(keys))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    assert addresses._profile() == {
        "aws_access_key_id": "a",
        "aws_secret_access_key": "b%c",
        "region": "eu-west-1",
    }
