"""`python -m local.chat_service`: serve the ACS contract on loopback."""

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path

from aiohttp import web

from local.chat_service.certificate import serve_with_own_ca
from local.chat_service.dead_letters import Container, DeadLetters, Folder
from local.chat_service.delivery import Subscription
from local.chat_service.destinations import Destination, StorageQueue, Webhook
from local.chat_service.estate import seed_estate
from local.chat_service.events import Publisher
from local.chat_service.misbehaviour import Misbehaviour
from local.chat_service.model import World
from local.chat_service.rest import ChatService
from local.chat_service.tokens import Tokens
from local.chat_service.variant import API_VERSIONS, OMITTABLE, Variant
from local.chat_service.varied_estate import (
    FEWEST_THREADS,
    FEWEST_USERS,
    can_vary,
    seed_varied_estate,
)
from local.signals import set_on_signals


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.chat_service",
        description="Speak the ACS Chat and Identity contract over TLS, on loopback.",
        epilog="Clients trust it with SSL_CERT_FILE set to the CA file.",
    )
    parser.add_argument("--port", type=int, default=7443, help="default: 7443")
    parser.add_argument(
        "--ca-file",
        type=Path,
        default=Path("local-ca.pem"),
        help="where to write the CA's certificate; default: %(default)s",
    )
    parser.add_argument(
        "--ready-file",
        type=Path,
        help="where to write the connection string as JSON once the service is up",
    )
    parser.add_argument(
        "--estate",
        type=estate_size,
        metavar="USERSxTHREADS",
        help="begin with an estate of that many users and threads",
    )
    parser.add_argument(
        "--varied",
        action="store_true",
        help="let the estate have everything that there can be: policies, meetings, "
        "phones, deleted threads and more, over two years",
    )
    parser.add_argument(
        "--truth-file", type=Path, help="where to write what the estate really contains"
    )
    destination = parser.add_mutually_exclusive_group()
    destination.add_argument("--webhook", help="address to deliver events to")
    destination.add_argument(
        "--queue",
        help="storage queue to deliver events to, in the account that the environment "
        "variable CHAT_STORAGE connects to",
    )
    parser.add_argument(
        "--schema", choices=["eventgrid", "cloudevents"], default="eventgrid"
    )
    parser.add_argument(
        "--levels",
        nargs="+",
        choices=["thread", "user"],
        default=["thread"],
        help="which events to send; default: thread",
    )
    parser.add_argument(
        "--most-events",
        type=int,
        default=1,
        help="most events of a delivery to a webhook; default: 1",
    )
    letters = parser.add_mutually_exclusive_group()
    letters.add_argument(
        "--dead-letters",
        type=Path,
        help="folder for events that could not be delivered",
    )
    letters.add_argument(
        "--dead-letter-container",
        help="container for them instead, in the account of CHAT_STORAGE",
    )
    parser.add_argument(
        "--api-versions",
        nargs="+",
        choices=API_VERSIONS,
        default=API_VERSIONS,
        help="which versions of the chat API it knows; default: both",
    )
    parser.add_argument(
        "--forget-deleted",
        action="store_true",
        help="list no deleted threads; else they stay, with deletedOn",
    )
    parser.add_argument(
        "--omit",
        nargs="+",
        choices=sorted(OMITTABLE),
        default=(),
        help="optional fields that its answers lack",
    )
    for option in fields(Misbehaviour):
        if option.init:
            parser.add_argument(
                f"--{option.name.replace('_', '-')}",
                type=type(option.default),
                default=option.default,
                help=f"misbehaviour; default: {option.default}",
            )
    arguments = parser.parse_args()
    stored = arguments.queue or arguments.dead_letter_container
    if stored and not os.environ.get("CHAT_STORAGE"):
        parser.error("--queue and --dead-letter-container need CHAT_STORAGE")
    if arguments.most_events != 1 and not arguments.webhook:
        parser.error("--most-events needs --webhook: nothing else takes batches")
    if arguments.varied and not (arguments.estate and can_vary(*arguments.estate)):
        users, threads = FEWEST_USERS, FEWEST_THREADS
        parser.error(f"--varied needs --estate {users}x{threads} at least")
    arguments.variant = Variant(
        api_versions=tuple(arguments.api_versions),
        lists_deleted=not arguments.forget_deleted,
        omits=frozenset(arguments.omit),
    )
    return arguments


def estate_size(text: str) -> tuple[int, int]:
    users, threads = text.split("x")
    return int(users), int(threads)


def destination_of(arguments: argparse.Namespace) -> Destination | None:
    """Return where events go; None for nowhere."""
    if arguments.webhook:
        is_batched = arguments.most_events > 1
        return Webhook(arguments.webhook, arguments.schema, is_batched)
    if arguments.queue:
        return StorageQueue(os.environ["CHAT_STORAGE"], arguments.queue)
    return None


def dead_letters_of(arguments: argparse.Namespace) -> DeadLetters | None:
    """Return where events go that cannot be delivered; None for nowhere."""
    if arguments.dead_letter_container:
        return Container(os.environ["CHAT_STORAGE"], arguments.dead_letter_container)
    return Folder(arguments.dead_letters) if arguments.dead_letters else None


@asynccontextmanager
async def serve(arguments: argparse.Namespace) -> AsyncIterator[ChatService]:
    """Run the service while the block runs."""
    behaviour = Misbehaviour(
        **{
            option.name: getattr(arguments, option.name)
            for option in fields(Misbehaviour)
            if option.init
        }
    )
    subscription = None
    if destination := destination_of(arguments):
        letters = dead_letters_of(arguments)
        subscription = Subscription(
            destination, behaviour, letters, arguments.most_events
        )
        subscribing = asyncio.create_task(subscription.subscribe())
    publisher = Publisher(
        subscription.publish if subscription else lambda _: None,
        frozenset(arguments.levels),
        arguments.schema,
    )
    world = World(origin=f"https://127.0.0.1:{arguments.port}")
    service = ChatService(
        world, Tokens(), publisher, behaviour, subscription, arguments.variant
    )
    runner = web.AppRunner(service.application(), access_log=None)
    await runner.setup()
    tls = serve_with_own_ca(arguments.ca_file)
    await web.TCPSite(runner, "127.0.0.1", arguments.port, ssl_context=tls).start()
    try:
        yield service
    finally:
        if subscription:
            subscribing.cancel()
            await subscription.close()
        await runner.cleanup()


async def run(arguments: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    set_on_signals(stopped)
    async with serve(arguments) as service:
        endpoint = f"https://127.0.0.1:{arguments.port}/"
        ready = {
            "connection_string": (
                f"endpoint={endpoint};accesskey={service.tokens.access_key}"
            ),
            "ca_file": str(arguments.ca_file.resolve()),
        }
        if arguments.estate:
            users, threads = arguments.estate
            seed = seed_varied_estate if arguments.varied else seed_estate
            truth = seed(
                service.world, users=users, threads=threads, seed=arguments.seed
            )
            if arguments.truth_file:
                arguments.truth_file.write_text(truth.to_json())
        if arguments.ready_file:
            partial = arguments.ready_file.with_suffix(".partial")
            partial.write_text(json.dumps(ready))
            partial.rename(arguments.ready_file)
        print(f"chat service on {endpoint}, CA in {ready['ca_file']}", flush=True)
        await stopped.wait()


def main() -> int:
    logging.basicConfig(level=logging.WARNING)
    try:
        asyncio.run(run(parse_arguments()))
    except (ConnectionError, OSError) as error:
        print(f"the chat service cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
