"""Every shipped spec is read, and says what its comment says."""

import numpy as np
import pytest

import rlcalc
from rlcalc.readers.sources import shipped_specs


@pytest.mark.parametrize("name", shipped_specs())
def test_each_spec_opens_with_what_it_shows_its_source_and_answer(name: str) -> None:
    comment = shipped_specs()[name].read_text().split("\ngamma")[0]

    assert comment.startswith("# ")
    assert "# Source: " in comment
    assert "# Known answer" in comment
    assert rlcalc.check(name).facts["faults"] == 0


def test_walks_on_the_grid_hold_the_exact_values() -> None:
    """V(nw) = −8 and V(ne) = V(sw) = −6 under the uniform policy."""
    exact = {"nw": -8, "ne": -6, "sw": -6}
    for visit in ("first", "every"):
        result = rlcalc.estimate("grid-walks", of="v", visit=visit)  # type: ignore[arg-type]
        true = np.array([exact[state] for state in result["state"]])

        assert (result["v_low"] <= true).all()
        assert (true <= result["v_high"]).all()
