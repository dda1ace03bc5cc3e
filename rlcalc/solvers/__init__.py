"""Solvers: from a model to V, Q and A. One file a method; `proofs` bounds the error."""
