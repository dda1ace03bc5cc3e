"""Off-policy evaluation: the value of a policy from the episodes of another, one file a method.

A method has a function `episode_values`, from steps to the numbers of each episode, and a function
`estimate`, from the numbers of all episodes to the value and what each episode adds to its error.
"""

METHODS = {
    "ce": "certainty_equivalence",
    "dr": "doubly_robust",
    "pdis": "per_decision",
    "wpdis": "weighted_per_decision",
    "is": "importance_sampling",
    "wis": "weighted_importance_sampling",
    "dm": "direct",
}
"""The methods of `evaluate`, and the modules in which they are."""

ONE_STEP = {
    "ips": "importance_sampling",
    "snips": "weighted_importance_sampling",
    "switch": "switch",
    "dros": "shrinkage",
    "mrdr": "more_robust",
}
"""Further methods for episodes of one step, and their modules."""

DEFAULT = ("ce", "dr", "pdis")
DEFAULT_ONE_STEP = ("dr", "ips", "snips")
DEFAULT_LOGGED = ("pdis", "wpdis", "is", "wis")
"""The methods that are shown if none is named; the last ones where the log alone knows π."""

WITH_PARAMETER = {"switch": "τ", "dros": "λ"}
"""Methods that a number follows, and its symbol."""

FREE_OF_WEIGHTS = ("ce", "dm")
"""Methods that need no probabilities of the behaviour policy."""

FITTED = ("dr", "switch", "dros", "mrdr")
"""Methods that take Q̂ from the other half of the episodes."""

WORDS = tuple(f"{name}:" if name in WITH_PARAMETER else name for name in (*METHODS, *ONE_STEP))
"""All methods, with a colon where a number follows."""
