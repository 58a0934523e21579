"""Archives: what a revision is built from, what commits to it, how it is erased."""
