"""What an archive proves, and what may be taken out of it."""
