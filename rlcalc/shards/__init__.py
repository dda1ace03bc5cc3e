"""Shards: the same answers from parts of the data that threads, machines or files work out.

A question of this package knows what one shard says about it (`part`), and makes the answer of
what all of them say (`finish`); parts merge by the tree of `rlcalc.partials`.
"""
