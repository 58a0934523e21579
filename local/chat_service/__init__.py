"""A chat service that speaks the ACS Chat and Identity REST contract over TLS.

The real SDKs work with it unchanged. It sends the Event Grid events that ACS sends,
by Event Grid's rules of delivery, and misbehaves on demand, reproducibly by seed. Its
state is in memory.
"""
