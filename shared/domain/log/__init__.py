"""The log: events, their records, and which bytes of it an archive covers."""
