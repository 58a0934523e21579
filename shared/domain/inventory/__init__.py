"""Inventory: the users and threads of a resource, as facts and what they add up to."""
