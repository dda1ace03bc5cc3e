"""Proofs: bounds on the error of values, rounding included."""
