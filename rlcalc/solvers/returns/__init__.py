"""The distribution of a policy's gain: enumerated in fractions, or on a lattice, with a bound."""
