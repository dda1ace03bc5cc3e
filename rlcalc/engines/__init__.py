"""Engines: run a function on pieces of work, and return the answers in order."""
