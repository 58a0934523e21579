"""One thread becomes a revision, and is found again."""
