"""Transcript to bytes: one writer per format, each a pure function (P5).

Only the names are defined here: settings are checked against them at a cold start,
which must not import the writers. Those are in `registry`.
"""

ARCHIVED = ("json", "jsonl", "csv", "html", "md", "txt", "rsmf", "eml", "chunks")
"""The formats that an archive may hold: the others need options, or their bytes change
with a library's version."""
