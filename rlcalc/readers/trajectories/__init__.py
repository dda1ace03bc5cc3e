"""Readers of trajectories: one file a format, and how steps become trajectories."""
