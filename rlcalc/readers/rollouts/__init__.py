"""Readers of rollouts: from what a trainer wrote to `Rollouts`."""
