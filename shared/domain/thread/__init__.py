"""Threads: log and listings become one transcript."""
