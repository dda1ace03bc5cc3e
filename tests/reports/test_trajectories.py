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


def test_randomness_by_hand() -> None:
    run = rlcalc.simulate("student", 400, policy="uniform", seed=1)
    log_model = rlcalc.model(run, rows="markov")
    described, estimates = rlcalc.check("two-states"), rlcalc.estimate("two-states")
    parts = trajectory_sections(described, estimates, (), lambda *_: "", log_model)
    sentences = next(part.sentences for part in parts if part.name == "randomness")

    assert sentences == [
        "The gain has the variance 30.7 ± 1.8: 25.8 ± 1.6 (84.1 %) from the policy's choices, "
        "4.88 ± 0.44 (15.9 %) from what follows them and 0 ± 0 (0 %) from the start.",
        "Given state and action, the next state depends on the state before (p 0.0068).",
    ]
    assert "markov" in [chart.name for part in parts for chart in part.charts]
