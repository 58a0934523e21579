"""The tables of a whole archive: their columns, and the rows of a thread."""
