"""Environments: each is a name and the file of this folder that builds its world.

A file has a docstring, whose first line is listed; `Parameters`, the keys of its document; and
build(parameters), which returns an MDP or a `Game`. Adding one is a file and a line in WORLDS.
"""

from __future__ import annotations

WORLDS = {
    "rifle": "rifle",
    "jacks-car-rental": "jacks_car_rental",
    "language": "language",
}
"""The name of each environment, and its file."""
