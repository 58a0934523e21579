"""`python -m local.up.ask …`: run `chat-archive …` on a stack that is up."""

import os
import subprocess
import sys

from local.up.session import NotUp, Session


def main() -> int:
    try:
        session = Session.read()
    except NotUp as error:
        print(error, file=sys.stderr)
        return 1
    return subprocess.run(
        [sys.executable, "-m", "shared.cli.main", *sys.argv[1:]],
        env={**os.environ, "CHAT_STORAGE": session.storage},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
