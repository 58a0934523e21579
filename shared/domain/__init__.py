"""The bottom layer: what is true of a chat thread, its log and its archive.

Standard library only. Pure: no clock, no environment, no input or output.
"""
