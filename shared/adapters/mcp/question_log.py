"""The log of questions as a file: a line of JSON each, appended, for its owner only."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from shared.ports.question_log import LogFailed, LoggedQuestion

FILE_MODE, FOLDER_MODE = 0o600, 0o700


@dataclass(frozen=True, slots=True)
class FileQuestionLog:
    """Several servers may append to one file: a line is one write."""

    path: Path

    def append(self, question: LoggedQuestion) -> None:
        line = {
            "time": question.asked_on,
            "user": question.user,
            **({"session": question.session} if question.session else {}),
            "tool": question.tool,
            "outcome": question.outcome,
            "threads": len(question.shown),
            "messages": sum(map(len, question.shown.values())),
            "shown": {thread: list(ids) for thread, ids in question.shown.items()},
        }
        data = json.dumps(line).encode("ascii") + b"\n"
        try:
            self.path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            file = os.open(self.path, flags, FILE_MODE)
            try:
                written = os.write(file, data)
            finally:
                os.close(file)
        except OSError as error:
            raise LogFailed(f"{self.path}: {error.strerror}") from None
        if written != len(data):
            raise LogFailed(f"{self.path}: the disk is full")
