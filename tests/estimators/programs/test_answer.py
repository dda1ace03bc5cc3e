"""The answers: rows, facts and refusals of `advantage --as`."""

import numpy as np
import pytest

from rlcalc.errors import InputError, UsageError
from rlcalc.estimators.programs.answer import of_program
from rlcalc.estimators.programs.findings import audit
from rlcalc.readers.trajectories.buffers import trajectories_of_arrays
from tests.estimators.programs.sources import buffer, tokens

TWO_STEPS = {
    "rewards": np.array([1.0, 2.0]),
    "values": np.array([0.5, 1.0]),
    "dones": np.array([0.0, 1.0]),
}


def test_two_steps_on_paper() -> None:
    """γ = 1/2, λ = 1: δ = 1 + 1/2 − 1/2, 2 − 1; A_0 = 1 + 1/2."""
    batch, notes = trajectories_of_arrays(TWO_STEPS, "here", "after")
    result = of_program(batch, 0.5, 1.0, notes=notes)

    assert list(result.columns) == [
        "trajectory", "t", "reward", "value", "next_value", "td_error", "advantage", "target",
    ]  # fmt: skip
    np.testing.assert_allclose(result["td_error"], [1, 1])
    np.testing.assert_allclose(result["advantage"], [1.5, 1])
    np.testing.assert_allclose(result["target"], [2, 2])
    assert result.facts["td_error_mean"] == 1
    assert "every end counts as terminated" in result.notes[0]


def test_whitening_is_an_option_and_a_habit_of_programs() -> None:
    flat, _ = tokens(7)
    raw = of_program(flat, 1.0, 0.9, "verl", whiten="none")
    white = of_program(flat, 1.0, 0.9, "verl")

    np.testing.assert_array_equal(raw["target"], white["target"])
    assert abs(white["advantage"][flat.mask].mean()) < 1e-9
    np.testing.assert_array_equal(
        of_program(flat, 1.0, 0.9, whiten="ddof1")["advantage"], white["advantage"]
    )


def test_what_does_not_fit_the_source_is_refused() -> None:
    batch, _ = trajectories_of_arrays(buffer(1), "here")
    for options in ({"tool": "zero"}, {"as_": "sb4"}, {"whiten": "ddof2"}):
        with pytest.raises(UsageError):
            of_program(batch, 0.9, 0.9, **options)
    with pytest.raises(UsageError, match="gamma is 2"):
        of_program(batch, 2.0, 0.9)
    with pytest.raises(InputError, match="no advantages to audit"):
        audit(batch)
