"""The model that a log shows: its transitions, their randomness, and whether states are Markov."""

ROWS = {"transitions": "transitions", "randomness": "randomness", "markov": "markov"}
"""The rows that `model` has, and the file of this folder that holds each."""
