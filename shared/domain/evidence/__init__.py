"""Evidence: every line of the input is committed to by itself."""
