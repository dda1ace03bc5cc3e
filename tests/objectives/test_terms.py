import numpy as np

from rlcalc.objectives.losses import LOSSES
from rlcalc.objectives.terms import LossInput, terms_function


def test_every_registered_loss_has_a_function_with_formula_and_source() -> None:
    for name in LOSSES:
        text = terms_function(name).__doc__ or ""

        assert "ℓ" in text
        assert "Source:" in text


def test_sums_over_rollouts() -> None:
    one = np.array([1.0, 2.0, 4.0])
    tokens = LossInput(np.array([0, 2, 3]), one, one, one)

    assert tokens.sums(one).tolist() == [3.0, 4.0]
    assert tokens.each(np.array([5.0, 6.0])).tolist() == [5.0, 5.0, 6.0]
