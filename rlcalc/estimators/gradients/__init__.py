"""What the policy gradient is made of: walks, scores, ratios, baselines and critics."""
