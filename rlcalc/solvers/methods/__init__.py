"""Methods: one file each, from a problem to values; how near they are is for `proofs`."""
