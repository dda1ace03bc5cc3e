"""Readers of tokens: whatever a trainer writes of the tokens of its rollouts → Tokens."""
