"""`python -m local.language_model [PORT]`: run the server until Ctrl-C."""

import sys
import threading

from local.language_model.server import language_model
from local.signals import end_as_ctrl_c_does

PORT = 8719


def main() -> int:
    end_as_ctrl_c_does()
    port = int(sys.argv[1]) if len(sys.argv) > 1 else PORT
    try:
        with language_model(port=port) as server:
            print(f"Serving {server.address}, on this machine only.", flush=True)
            print("It picks sentences; it understands nothing. Ctrl-C stops it.")
            threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
