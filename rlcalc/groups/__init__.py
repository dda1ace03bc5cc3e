"""Rollouts of a language model: groups, pass@k, advantages, and an audit of the trainer's."""
