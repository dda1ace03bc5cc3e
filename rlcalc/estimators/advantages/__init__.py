"""Advantages of steps from a critic: a method is a file, with a function `estimate`."""

METHODS: dict[str, str] = {
    "gae": "gae",
    "td": "td",
    "n-step": "n_step",
    "lambda": "lambda_return",
    "mc": "mc",
    "vtrace": "vtrace",
    "retrace": "retrace",
    "tree-backup": "tree_backup",
}
"""The methods, and the modules in which they are."""

OFF_POLICY = ("vtrace", "retrace", "tree-backup")
"""Methods that weigh steps by π/b, whose λ is 1 by default."""
