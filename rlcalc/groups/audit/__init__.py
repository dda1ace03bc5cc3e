"""Audit: which convention reproduces a trainer's advantages, and which rollouts do not fit."""
