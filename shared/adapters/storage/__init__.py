"""Azure Storage: the adapters behind the log, the archive, the leases and the queue."""
