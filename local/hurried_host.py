"""`python -m local.hurried_host`: the host, with what takes hours in Azure in seconds.

The app is the real one; only its long waits are short, and its segments small, so that
leases end, messages are given up as lost and segments roll within a run of minutes.
Options are those of `local.host`.
"""

import sys
from datetime import timedelta

from local.host.__main__ import main
from shared.adapters.storage import append_log, leases
from shared.usecases.capture import handle_work
from shared.usecases.inventory import waiting

LEASE_SECONDS = 15
"""The shortest lease that the service gives."""


def hurry() -> None:
    """Shorten the product's waits in this process."""
    append_log.ROLL_AT = 25
    leases.LEASE_SECONDS = LEASE_SECONDS
    leases.RENEW_EVERY = LEASE_SECONDS // 3
    handle_work.BACK_AFTER = timedelta(seconds=LEASE_SECONDS + 4)
    waiting.TAKEN_AFTER = timedelta(seconds=30)
    waiting.SETTLED_AFTER = timedelta(seconds=60)
    waiting.FIRST_REST = timedelta(seconds=20)


if __name__ == "__main__":
    hurry()
    sys.exit(main())
