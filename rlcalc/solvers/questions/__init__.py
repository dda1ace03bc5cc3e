"""Questions about a model beside its best values: one file each."""

QUESTIONS = {
    "reach": "reaching",
    "steps_to": "reaching",
    "proper": "proper",
    "occupancy": "occupancy",
    "return": "spread",
}
"""A question → the file that answers it, by its function `answer`."""
