"""The whole system on one machine, on real parts, bound to loopback only."""
