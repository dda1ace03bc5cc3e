import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rlcalc.renderers.pictures.images import drawing_program
from rlcalc.renderers.pictures.page import script_json, write
from rlcalc.result import Result
from tests.renderers.pictures.charts import HOSTILE, charts

BROWSER = shutil.which("chromium")


def page() -> str:
    """The page without the program that draws, which names tags of its own."""
    stream = io.BytesIO()
    result = Result("solve", f"Title {HOSTILE[0]}", {}, {}, charts=charts)
    write(result, "html", stream, None)
    return stream.getvalue().decode().replace(drawing_program().javascript_bundle(), "")


def test_a_page_loads_nothing() -> None:
    text = page()
    loads = re.findall(r"<(?:link|img|iframe|object|embed)\b|<script[^>]*\bsrc|@import", text)

    assert text.startswith("<!DOCTYPE html>")
    assert loads == []
    assert "default-src 'none'" in text
    assert "cdn." not in text


def test_labels_do_not_leave_their_block() -> None:
    """As many scripts as the page itself has; none of the labels is a tag."""
    text = page()

    assert text.count("</script>") == text.count("<script") == 3
    assert "<img" not in text
    assert "onerror=alert" in text


@pytest.mark.skipif(BROWSER is None, reason="there is no chromium to open a page with")
def test_a_browser_draws_the_page_and_runs_no_label(tmp_path: Path) -> None:
    assert BROWSER is not None
    labels = [
        "<img src=x onerror=\"document.title='ran'\">",
        "</script><script>document.title='ran'",
    ]
    stream = io.BytesIO()
    write(Result("solve", "calm", {}, {}, charts=lambda: charts(labels)), "html", stream, None)
    path = tmp_path / "page.html"
    path.write_bytes(stream.getvalue())
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000"]
    done = subprocess.run(
        [BROWSER, *options, f"--user-data-dir={tmp_path}", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert "<title>calm</title>" in done.stdout
    assert 'class="marks"' in done.stdout
    assert done.stdout.count("Title &lt;img") >= len(charts(labels))


def test_the_charts_are_there_in_both_themes() -> None:
    block = re.search(r'<script type="application/json" id="charts">(.*?)</script>', page(), re.S)
    assert block
    themes = json.loads(block[1])

    assert {len(theme["vconcat"]) for theme in themes.values()} == {len(charts())}
    assert themes["light"]["config"] != themes["dark"]["config"]


def test_a_script_cannot_be_ended_by_its_data() -> None:
    assert json.loads(script_json(HOSTILE)) == HOSTILE
    assert "<" not in script_json(HOSTILE)
