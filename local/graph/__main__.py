"""`python -m local.graph [PORT]`: run the stand-in until Ctrl-C."""

import sys
import threading

from local.graph.server import graph_server
from local.signals import end_as_ctrl_c_does

PORT = 8720


def main() -> int:
    end_as_ctrl_c_does()
    port = int(sys.argv[1]) if len(sys.argv) > 1 else PORT
    try:
        with graph_server(port) as server:
            print(f"Serving {server.address}, on this machine only.", flush=True)
            print("Name it as GRAPH_ENDPOINT. It is no Graph. Ctrl-C stops it.")
            threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
