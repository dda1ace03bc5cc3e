import numpy as np
import pytest

import rlcalc
from rlcalc.errors import InputError


def test_rewards_as_an_array_are_groups() -> None:
    rewards = np.array([[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, np.nan, 1.0]])
    result = rlcalc.group(rewards, "grpo")

    assert result["group"].tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert np.abs(result["advantage"][:4]).tolist() == pytest.approx([0.866] * 4, abs=1e-4)
    assert rlcalc.group(rewards, rows="summary").facts["dead"] == 1
    for wrong in (np.array([[np.inf]]), np.array([[np.nan]]), np.array([["a"]])):
        with pytest.raises(InputError):
            rlcalc.group(wrong)
