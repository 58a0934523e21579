"""The stand-alone verifier, which goes into every package and shares no code."""
