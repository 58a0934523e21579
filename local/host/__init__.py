"""The Functions host's own surfaces, in Python, running the real function app.

`python -m local.host` provides what a function app has in Azure: the Event Grid
webhook, the admin API, queue polling and the timer. `docs/local.md` says where each
behaviour comes from.
"""
