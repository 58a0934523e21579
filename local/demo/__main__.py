"""`python -m local.demo`: set up, and run the demo."""

import sys

from local.setup import run_in_environment

if __name__ == "__main__":
    sys.exit(run_in_environment("local.demo.run", *sys.argv[1:]))
