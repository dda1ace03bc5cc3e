"""Policies: from the name of a policy to π(a|s)."""
