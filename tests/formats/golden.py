"""The bytes of every archived format, for three threads.

`python -m golden` in this folder (with tests/support on the path) writes them again: do
it when a format changes on purpose, and read what has changed.
"""

from pathlib import Path

from shared.formats import ARCHIVED
from shared.formats.registry import FORMATS, RECONCILIATION, written
from threads import THREADS

FOLDER = Path(__file__).parent / "golden"


def files_of(thread):
    formats = [*(FORMATS[name] for name in ARCHIVED), RECONCILIATION]
    return dict(written(formats, THREADS[thread]()))


def write():
    for thread in THREADS:
        for name, data in files_of(thread).items():
            file = FOLDER / thread / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)


if __name__ == "__main__":
    write()
