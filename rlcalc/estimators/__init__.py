"""Estimators: gains and values from trajectories, one file a method."""
