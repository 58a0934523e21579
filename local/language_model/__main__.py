"""`python -m local.language_model [PORT]`: run the server until Ctrl-C."""

import sys

from local.language_model.server import language_model
from local.served import run_until_ctrl_c

PORT = 8719
ABOUT = "It picks sentences; it understands nothing."

if __name__ == "__main__":
    sys.exit(run_until_ctrl_c(lambda port: language_model(port=port), PORT, ABOUT))
