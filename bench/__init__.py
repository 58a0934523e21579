"""Measurements, side by side in one run: naive way, product, and the product's floor.

`make bench` runs everything; figures are medians of alternating rounds, claims are
ratios within one run, since a machine's speed drifts.
"""
