"""Working in-memory twins of the adapters, under the same file names."""
