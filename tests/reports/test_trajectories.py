"""The sentences of a report of trajectories, by hand."""

import rlcalc
from rlcalc.reports.trajectories import trajectory_sections


def test_by_hand() -> None:
    described, estimates = rlcalc.check("two-states"), rlcalc.estimate("two-states")
    parts = trajectory_sections(described, estimates, (), lambda *_: "rlcalc estimate")
    said = [sentence for part in parts for sentence in part.sentences]

    assert said[:3] == [
        "4 trajectories with 6 steps, 1 to 2 steps long (median 1).",
        "There are 3 states and 3 actions; rewards go from 0 to 6.",
        "Of the trajectories, 4 terminated.",
    ]
    assert "Values are of first-visit Monte Carlo with γ = 0.5." in said
