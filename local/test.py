"""`python -m local.test`: set up, and run every test that takes seconds.

What follows goes to pytest: `python -m local.test tests/domain -k ledger`. The files of
tests are shared out among a few processes, each with an Azurite of its own.
"""

import sys

from local.setup import run_in_environment

SHARED_OUT = ("--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile")

if __name__ == "__main__":
    sys.exit(run_in_environment("pytest", *SHARED_OUT, *sys.argv[1:]))
