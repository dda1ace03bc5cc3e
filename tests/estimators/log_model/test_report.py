import numpy as np

import rlcalc
from rlcalc import Trajectories


def test_facts_count_what_was_read() -> None:
    facts = rlcalc.model("two-states").facts
    names = ("gamma", "trajectories", "steps", "states", "pairs", "outcomes")

    assert [facts[name] for name in names] == [0.5, 4, 6, 2, 3, 3]


def test_a_last_step_that_leads_nobody_knows_where_is_left_out_with_a_note() -> None:
    """As in `estimate --method ce`."""
    batch = Trajectories.from_arrays(
        ["a", "b", "a"], ["x"] * 3, [1.0] * 3, length=[1, 2],
        truncated=[False, True], terminated=[True, False],
    )  # fmt: skip
    lost = Trajectories(**{**vars(batch), "last_state": np.array([-1, -1], np.int32)})
    result = rlcalc.model(lost)

    assert result["n"].tolist() == [1, 1]
    assert "1 steps of 1 truncated trajectories are left out" in " ".join(result.notes)
    assert result.facts["steps_not_used"] == 1
