"""The whole stack on this machine, to chat into and to watch."""
