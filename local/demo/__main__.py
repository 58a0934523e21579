"""`python -m local.demo`: set up, and run the demo."""

import argparse
import sys

from local.setup import run_in_environment

if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="python -m local.demo",
        description="Do the main job on this machine, from chat message to archive. "
        "It is left in demo-archive/, in place of what an earlier run left there.",
    ).parse_args()
    sys.exit(run_in_environment("local.demo.run"))
