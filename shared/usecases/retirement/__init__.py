"""The end of a retirement: what was there, what became of it, and who says so."""
