"""An archive: what a revision is made of, what commits to it, what may be erased."""
