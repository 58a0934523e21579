"""`python -m local.graph [PORT]`: run the stand-in until Ctrl-C."""

import sys

from local.graph.server import graph_server
from local.served import run_until_ctrl_c

PORT = 8720
ABOUT = "Name it as GRAPH_ENDPOINT. It is no Graph."

if __name__ == "__main__":
    sys.exit(run_until_ctrl_c(graph_server, PORT, ABOUT))
