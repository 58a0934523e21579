"""A stand-in for the part of Microsoft Graph that an import into Teams needs.

It enforces the rules that Graph documents. Nothing here is Graph, and that an import
works here does not show that it works there.
"""
