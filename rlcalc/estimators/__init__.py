"""Estimators: from experience to a result. One file a method."""
