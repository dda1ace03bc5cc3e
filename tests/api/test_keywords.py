"""A mistyped keyword is an error of ours, at run time and for type checkers."""

import dataclasses
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import rlcalc
from rlcalc import api
from rlcalc.api.keywords import Playing, Reading, RolloutReading, TokenReading
from rlcalc.errors import NotConverged, UsageError
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.rollouts.request import RolloutRequest
from rlcalc.readers.tokens.names import TokenRequest
from rlcalc.simulation.request import PlayRequest


@pytest.mark.parametrize(
    ("keywords", "request_type", "more"),
    [
        (Reading, ReadRequest, set()),
        (RolloutReading, RolloutRequest, set()),
        (TokenReading, TokenRequest, set()),
        (Playing, PlayRequest, {"settings", "kind", "columns", "max_size"}),
    ],
)
def test_keywords_are_the_fields_of_their_request(
    keywords: type, request_type: type, more: set[str]
) -> None:
    fields = {field.name for field in dataclasses.fields(request_type)}
    internal = {"episodes", "numbered", "whole", "only", "turns"}
    assert set(keywords.__annotations__) - more == fields - internal


BY_SHARDS = {"by_shards", "partial", "merge"}
"""Functions that take the keywords of others: see test_shards."""


@pytest.mark.parametrize("name", sorted({*api.__all__} - BY_SHARDS))
def test_a_mistyped_keyword_names_the_nearest(name: str) -> None:
    function = getattr(rlcalc, name)
    known = [p.name for p in inspect.signature(function).parameters.values()]
    with pytest.raises(UsageError, match=rf"^{name} has no argument zzzz"):
        function("two-states", zzzz=1)
    keyword = next((one for one in known if one not in ("source", "episodes")), "kind")
    if not keyword.startswith(("_", "reading", "how", "estimators")):
        with pytest.raises(ValueError, match=f"did you mean {keyword}"):
            function("two-states", **{f"{keyword}x": 1})


def test_gamma_is_near_gama() -> None:
    with pytest.raises(UsageError) as caught:
        rlcalc.estimate("two-states", gama=1)  # type: ignore[call-arg]
    assert caught.value.faults[0].fix.startswith("did you mean gamma? ")


def test_an_answer_names_its_sources() -> None:
    assert rlcalc.estimate("two-states").sources == ("two-states",)
    assert rlcalc.solve(source="gridworld-4x4").sources == ("gridworld-4x4",)
    assert (
        rlcalc.estimate({"state": [0], "action": [0], "reward": [1]}, one_step=True).sources == ()
    )
    with pytest.raises(NotConverged) as caught:
        rlcalc.solve("gridworld-4x4", tol=1e-300)
    assert caught.value.result.sources == ("gridworld-4x4",)


@pytest.mark.slow
def test_type_checkers_see_a_mistyped_keyword(tmp_path: Path) -> None:
    script = tmp_path / "use.py"
    script.write_text(
        "import rlcalc\n"
        "from rlcalc import Result\n"
        'a: Result = rlcalc.estimate("log.csv", one_step=True, where=["t > 1"])\n'
        'b: Result = rlcalc.group("dump.jsonl", "grpo", group_size=4)\n'
        'rlcalc.estimate("log.csv", one_stepp=True)\n'
        'rlcalc.group("dump.jsonl", group_sise=4)\n'
        'rlcalc.simulate("rifle", 10, sed=1)\n'
        'rlcalc.estimate("log.csv", one_step="yes")\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(script)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    wrong = {line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line}
    assert wrong == {"5", "6", "7", "8"}, done.stdout
