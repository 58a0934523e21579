"""What the product does: ingest, sweep, finalize. They know ports, never an adapter."""
