"""Audit: finds the convention behind a trainer's advantages, and the rollouts that do not fit."""
