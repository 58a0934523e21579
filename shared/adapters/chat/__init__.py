"""The chat service, read through its own SDK as one of its users."""
