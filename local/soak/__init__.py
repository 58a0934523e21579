"""A run of chaos: people chat for an hour while everything that can fails.

At its end every acknowledged event is in an archive, nothing is left on a queue, and
the archive verifies; otherwise the run has failed.
"""
