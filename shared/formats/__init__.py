"""Transcript to bytes: one writer a format, each a pure function (P5).

Only the names stand here: settings are checked against them at a cold start, which must
not wait for the writers. Those are in `registry`.
"""

ARCHIVED = ("json", "jsonl", "csv", "html", "md", "txt", "rsmf", "eml", "chunks")
"""The formats that an archive may hold: the others need to be told more, or have no
bytes of their own for ever."""
DEFAULT = ("json", "csv", "jsonl", "html")
