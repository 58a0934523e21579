"""Storage: adapters for the log, archives, leases, queues and unprocessed events."""
