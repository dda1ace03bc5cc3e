"""Solvers: from a model to V, Q and A. One file a method, and `bounds` proves what they find."""
