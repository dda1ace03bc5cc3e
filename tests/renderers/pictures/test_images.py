import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from rlcalc.errors import InputError
from rlcalc.renderers.output import require_drawing_program
from rlcalc.renderers.pictures.images import image
from tests.cases.program import run
from tests.renderers.pictures.charts import HOSTILE, charts

MAGIC = {"svg": b"<svg ", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-"}


@pytest.mark.parametrize("form", MAGIC)
def test_every_kind_is_drawn_in_every_format(form: str) -> None:
    assert image(charts(), form).startswith(MAGIC[form])


def test_an_svg_is_xml_in_which_labels_are_text() -> None:
    text = image(charts(), "svg").decode()
    root = ElementTree.fromstring(text)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    links = re.findall(r'(?:href|src)="([^"]*)"', text)

    assert not tags & {"script", "img", "image", "foreignObject", "a"}
    assert not [link for link in links if not link.startswith("data:")]
    assert "onerror=alert" in "".join(root.itertext())
    assert HOSTILE[2] not in text
    assert max(len(t) for t in root.itertext()) < 200


def test_a_dark_picture_has_another_ground() -> None:
    assert b"#16181d" in image(charts(["a", "b"]), "svg", dark=True)


def test_without_the_program_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)

    with pytest.raises(InputError) as raised:
        require_drawing_program("png")
    assert "pip install 'rlcalc[plot]'" in str(raised.value)
    require_drawing_program("plot")


def test_the_error_comes_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    answer = run("solve", "no-such-file", "-o", "x.svg")

    assert answer.code == 3
    assert answer.notes("vl-convert")
    assert not answer.notes("no-such-file")


def test_other_answers_do_not_load_it() -> None:
    program = (
        "import sys, rlcalc\n"
        "from rlcalc.renderers.output import write_output\n"
        "result = rlcalc.solve('gridworld-4x4')\n"
        "write_output(result, 'plot', None, head=None, quiet=True)\n"
        "write_output(result, 'csv', None, head=None, quiet=True)\n"
        "print(sorted({'vl_convert', 'altair'} & set(sys.modules)))\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout.splitlines()[-1] == "[]", done.stderr
