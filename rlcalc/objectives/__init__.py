"""Objectives: what the loss of a batch of tokens is, and which tokens move the policy."""
