"""Readers of models, and of the policies and logits that belong to them: one file a format.

A file of `FORMATS` has read(file, request), which returns an MDP.
"""

FORMATS = {"npz": "npz", "drn": "drn", "tra": "tra"}
"""Each format of models alone, or of arrays, and the file of this folder that reads it."""
