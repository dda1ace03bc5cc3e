"""Simulation: episodes of a model, as trajectories or as their statistics."""
