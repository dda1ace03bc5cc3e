"""Simulation: episodes of a model or a game, as trajectories or as their statistics."""
