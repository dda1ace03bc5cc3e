"""Graphs of a model: what can be reached, what can be stayed in, and how states are ordered."""
