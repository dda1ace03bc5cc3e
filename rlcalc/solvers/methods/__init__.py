"""Methods: one file each, from a problem to values, whose error `proofs` bounds."""

METHODS = {
    "value-iteration": "value_iteration",
    "gauss-seidel": "gauss_seidel",
    "policy-iteration": "policy_iteration",
    "modified-policy-iteration": "modified_policy_iteration",
    "linear": "linear",
    "krylov": "krylov",
    "topological": "topological",
}
"""Each method, and the file of this folder that holds its solve(problem)."""
