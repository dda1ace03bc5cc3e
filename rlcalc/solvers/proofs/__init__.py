"""Proofs: how near values are to the truth, rounding included."""
