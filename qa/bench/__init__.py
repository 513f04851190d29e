"""Benchmarks: ratios of one run on one machine, never seconds to compare with another.

Conventions: what is compared hears the same file with the same model on the same threads, one after the other;
the best of a few rounds counts, since other programs can only make a round slower.
"""
