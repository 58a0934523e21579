"""The chat archiver, floor by floor: domain, ports, adapters, use cases, bootstrap."""

__version__ = "0.2.0"
