"""Models of other programs are known by how their files begin, and refused with the way out."""

from pathlib import Path

import pytest

from rlcalc.errors import InputError
from rlcalc.readers.model_signs import model_kind, refuse_foreign_model
from rlcalc.readers.sources import opened

FOREIGN = {
    "a PRISM program": b"mdp\n\nmodule one\n  x : [0..1];\nendmodule\n",
    "a JANI model": b'{\n"jani-version": 1, "name": "m"}',
    "Cassandra": b"# tiger\ndiscount: 0.95\nvalues: reward\nstates: 2\nT: x\nidentity\n",
    "a pickle": b"\x80\x04\x95data",
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_is_not_read_is_refused_with_the_way_to_convert_it(what: str, tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(FOREIGN[what])
    with pytest.raises(InputError, match=what) as caught, opened(str(path), None):
        pass

    assert caught.value.faults[0].fix


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"// Exported by storm\n// x\n@type: MDP\n", "drn"),
        (b"@parameters\n\n@type: MDP\n", "drn"),
        (b"dtmc\n0 1 0.5\n", "tra"),
        (b"MDP\n0 0 13 0.5 \n", "tra"),
        (b"# Reward\n2 2 3\n0 0 1 1 go\n", "tra"),
        (b"ctmc\n0 1 3.5\n", "tra"),
        (b"2 3\n", None),
        (b"a,b\n1,2\n", None),
        (b"name: x\n", None),
    ],
)
def test_explicit_models_are_known_by_their_first_lines(text: bytes, kind: str | None) -> None:
    assert model_kind(text) == kind


def test_a_text_that_quotes_a_program_is_not_one() -> None:
    """In JSON only a key of JANI counts: a rollout may hold a program."""
    refuse_foreign_model(b'{"response": "module x\\nendmodule \\"jani-version\\": 1"}', "here")
    refuse_foreign_model(b"discount: 0.9\nstates: {}\n", "here")
