"""Comparison of two answers: the same quantity of the same states, side by side."""
