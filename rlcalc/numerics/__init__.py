"""Numerics: arrays, moments that merge, intervals, streams of random numbers, compiled loops."""
