"""Parquet of a server that sends ranges; S3 is tried in test_addresses."""

import http.server
import io
import threading

import polars as pl
import pytest

import rlcalc
from rlcalc.readers import remote_parquet, sources

FRAME = pl.DataFrame(
    {
        "trajectory": [n // 4 for n in range(40_000)],
        "state": ["a", "b"] * 20_000,
        "action": "go",
        "reward": [float(n % 7) for n in range(40_000)],
        "text": [f"{n * 7919 % 10_007} {n * 104_729 % 99_991}" * 4 for n in range(40_000)],
    }
)


@pytest.fixture
def web():
    content = io.BytesIO()
    FRAME.write_parquet(content)
    data = content.getvalue()
    sent = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            begin, _, end = self.headers.get("Range", "bytes=0-").split("=")[1].partition("-")
            if not begin and "middle" in self.path:  # this server knows no ranges from the end
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            first = int(begin) if begin else max(len(data) - int(end), 0)
            last = min(int(end), len(data) - 1) if begin and end else len(data) - 1
            sent.append((self.path, last + 1 - first))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
            self.send_header("Content-Length", str(last + 1 - first))
            self.end_headers()
            self.wfile.write(data[first : last + 1])

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", sent, len(data)
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("name", ["ranges.parquet", "middle.parquet", "a.parquet?signature=1"])
def test_a_server_answers_what_the_frame_does(web, name, monkeypatch):
    pytest.importorskip("obstore")
    monkeypatch.setattr(sources, "SMALL_COPY", 1 << 10)
    host, sent, size = web

    result = rlcalc.estimate(f"{host}/{name}", of="v")

    assert list(result["v"]) == list(rlcalc.estimate(FRAME, of="v")["v"])
    assert sent
    assert size > 1 << 18


def test_of_a_table_only_what_is_asked_for_is_sent(web):
    host, sent, size = web
    lazy = remote_parquet.scanned(f"{host}/ranges.parquet")
    sent.clear()

    assert lazy.select(pl.col("reward").sum()).collect().item() == FRAME["reward"].sum()
    assert sum(n for _, n in sent) < size / 2


@pytest.mark.parametrize("address", ["gs://a/b.parquet", "hf://datasets/a/b/c", "http://u:p@h/x"])
def test_what_polars_is_not_told_the_keys_of_is_copied(address):
    assert remote_parquet.scanned(address) is None
