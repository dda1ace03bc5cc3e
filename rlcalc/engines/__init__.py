"""Engines: run the work on its pieces, wherever that is, and give the answers back in order."""
