"""Graphs of a model: reachability, end components, their quotient, and the order of states."""
