"""The index of an archive: one SQLite file."""
