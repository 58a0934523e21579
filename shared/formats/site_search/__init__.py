"""Full-text search over a folder of static files, which a browser opens from a disk.

A page that was opened from file:// may load scripts, and nothing else: so the index is
a set of scripts, each of which registers a part of itself. What costs time is the
number of files, a few milliseconds each, and not their size.
"""
