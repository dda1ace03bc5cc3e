"""The policy gradient: exact values, estimates from episodes, and gradient ascent."""
