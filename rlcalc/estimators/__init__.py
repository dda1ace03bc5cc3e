"""Estimators: gains and values from trajectories, one file a method."""

METHODS = {
    "mc": "monte_carlo",
    "ce": "certainty_equivalence",
    "lstd": "certainty_equivalence",
    "td": "temporal_difference",
    "td-lambda": "temporal_difference",
    "sarsa": "temporal_difference",
    "expected-sarsa": "temporal_difference",
    "q-learning": "temporal_difference",
}
"""The methods of `estimate`, and the file of this folder that holds each."""
