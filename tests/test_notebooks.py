"""The notebook that shows the library runs, and what it shows are tables."""

import json
import os
from pathlib import Path

import nbclient
import nbformat
import pytest

NOTEBOOK = Path(__file__).parent / "notebooks" / "library.ipynb"


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # what a kernel's own libraries warn of is not ours
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "IPYTHONDIR", str(tmp_path))
    monkeypatch.setitem(os.environ, "JUPYTER_DATA_DIR", str(tmp_path))
    book = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()

    shown = [output for cell in book.cells for output in cell.get("outputs", ())]
    pages = [
        output["data"]["text/html"] for output in shown if "text/html" in output.get("data", {})
    ]
    assert ["<table>" in page for page in pages].count(True) == 5
    assert ["vega-lite" in page for page in pages].count(True) == 1
    assert "did you mean gamma?" in json.dumps(shown)
