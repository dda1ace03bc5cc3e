"""Readers: from the bytes of a source to the nouns, in three wings; here stands their ground."""
