"""`python -m local.up`: set up, start everything, and stay up until Ctrl-C."""

import argparse
import sys

from local.setup import run_in_environment

if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="python -m local.up",
        description="Start the whole stack on this machine and stay up: Azurite, the "
        "chat service, the Functions host, and a live page of the events. Ctrl-C stops "
        "all of it; nothing of it is kept.",
    ).parse_args()
    sys.exit(run_in_environment("local.up.run"))
