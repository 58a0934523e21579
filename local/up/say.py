"""`python -m local.up.say TEXT`: say something in the thread of a stack that is up."""

import argparse
import sys
from pathlib import Path

from azure.communication.chat import ChatThreadClient, CommunicationTokenCredential
from azure.core.exceptions import AzureError

from local.up.session import NotUp, Session

NAME = "Ann"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m local.up.say", description="Say something, as Ann."
    )
    parser.add_argument("text", nargs="?", default="", help="what to say")
    parser.add_argument("--edit", metavar="TEXT", help="change the last message")
    parser.add_argument("--delete", action="store_true", help="delete it")
    given = parser.parse_args()
    if bool(given.text) + (given.edit is not None) + given.delete != 1:
        parser.error("give a text, --edit TEXT or --delete")
    try:
        print(said(given))
    except NotUp as error:
        print(error, file=sys.stderr)
        return 1
    except AzureError as error:
        print(f"the chat service refused it: {error}", file=sys.stderr)
        return 1
    return 0


def said(given: argparse.Namespace) -> str:
    """Do what was asked; return it in words."""
    session = Session.read()
    thread = ChatThreadClient(
        session.endpoint,
        CommunicationTokenCredential(session.token),
        session.thread,
        connection_verify=str(Path(session.ca_file)),
    )
    if given.text:
        sent = thread.send_message(given.text, sender_display_name=NAME)
        session.last_message = str(sent.id)
        session.write()
        return f"Ann said it: message {sent.id}"
    if not session.last_message:
        raise NotUp("Nothing was said yet: say something first.")
    if given.delete:
        thread.delete_message(session.last_message)
        return f"Ann deleted message {session.last_message}"
    thread.update_message(session.last_message, given.edit)
    return f"Ann edited message {session.last_message}"


if __name__ == "__main__":
    sys.exit(main())
