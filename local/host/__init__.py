"""The Functions host's own surfaces, in Python, running the real function app.

`python -m local.host` serves what Event Grid, the portal and the queue meet in Azure:
the Event Grid webhook, the admin API, queue polling and the timer. Which behaviour is
whose: `docs/local.md`.
"""
