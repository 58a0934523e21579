"""The log: what an event is, a record of it, and which bytes an archive covers."""
