"""A chat service that speaks the ACS Chat and Identity REST contract over TLS.

The real SDKs talk to it unchanged; it sends the Event Grid events that ACS sends, by
Event Grid's rules of delivery, and misbehaves on demand, by seed. State is in memory.
"""
