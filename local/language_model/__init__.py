"""A language model's service on this machine, with the interface of OpenAI.

It has no weights: it picks sentences, in the form that was asked for. On request it
misbehaves in the ways that models and their services do.
"""
