"""Measurements, side by side in one run: naive way, product, and the product's floor.

`make bench` runs everything. Figures are medians of alternating rounds; claims are
ratios within one run, because a machine's speed drifts.
"""
