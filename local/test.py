"""`python -m local.test`: set up, and run every test that takes seconds.

What follows goes to pytest: `python -m local.test tests/domain -k ledger`.
"""

import sys

from local.setup import run_in_environment

if __name__ == "__main__":
    sys.exit(run_in_environment("pytest", *sys.argv[1:]))
