"""The doctor: what stands in the way of archiving, and the command that fixes it."""
