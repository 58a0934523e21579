"""Images from the chat service, over TLS, as one of its users."""

from contextlib import suppress
from datetime import timedelta

import pytest

from local.chat_service.misbehaviour import Misbehaviour
from serving import served
from shared.adapters.chat.images import ImageFetcher, is_of
from shared.ports.file_fetcher import NotFetched

PHOTO = b"\x89PNG" + bytes(5000)


@pytest.fixture
async def chat(tmp_path):
    async with served(tmp_path) as running:
        yield running


def fetcher(chat, *, most_bytes=10_000, within=20.0):
    return ImageFetcher(
        chat.chat_clients, most_bytes=most_bytes, within=timedelta(seconds=within)
    )


def picture(chat, data=PHOTO):
    """Return the address of an image that somebody sent, and who may see it."""
    thread, (alice, bob) = chat.thread("Alice", "Bob")
    message = chat.service.world.add_image(thread, alice, "a.png", data)
    return message.content["attachments"][0]["url"], bob.id


def thread_in(chat):
    return next(iter(chat.service.world.threads))


async def test_an_image_is_fetched_as_a_reader(chat):
    url, bob = picture(chat)

    fetched = await fetcher(chat).fetch(url, bob, thread_in(chat))

    assert (fetched.data, fetched.content_type) == (PHOTO, "image/png")


async def test_the_address_that_a_listing_gives_is_the_one_to_ask(chat):
    url, bob = picture(chat)
    thread = next(iter(chat.service.world.threads))

    listing = await chat.product.list_thread(thread, bob)

    assert any(url in page.body for page in listing.pages)


async def test_throttling_and_failures_are_waited_out(chat):
    url, bob = picture(chat)
    chat.service.behaviour = Misbehaviour(throttle=0.5, fail=0.2, retry_after=0.01)

    assert (await fetcher(chat).fetch(url, bob, thread_in(chat))).data == PHOTO


async def test_who_is_not_in_the_thread_gets_nothing(chat):
    url, _ = picture(chat)
    _, (stranger,) = chat.thread("Mallory")

    with pytest.raises(NotFetched, match="the service answered 403"):
        await fetcher(chat).fetch(url, stranger.id, thread_in(chat))


async def test_a_reader_without_a_token_gets_nothing(chat):
    url, bob = picture(chat)
    chat.service.world.identities.discard(bob)

    with pytest.raises(NotFetched, match="no answer"):
        await fetcher(chat).fetch(url, bob, thread_in(chat))


async def test_nobody_gets_nothing(chat):
    url, _ = picture(chat)

    with pytest.raises(NotFetched, match="nobody may read"):
        await fetcher(chat).fetch(url, "", thread_in(chat))


async def test_a_file_that_is_too_large_is_not_taken(chat):
    url, bob = picture(chat)

    with pytest.raises(NotFetched, match="larger than 4999"):
        await fetcher(chat, most_bytes=4999).fetch(url, bob, thread_in(chat))


async def test_a_file_that_takes_too_long_is_not_waited_for(chat):
    url, bob = picture(chat)
    await fetcher(chat).fetch(url, bob, thread_in(chat))
    chat.service.behaviour = Misbehaviour(throttle=1.0, retry_after=5)

    with pytest.raises(NotFetched, match="longer than"):
        await fetcher(chat, within=0.3).fetch(url, bob, thread_in(chat))


@pytest.mark.parametrize(
    "end", [" x", "\n", "\x00", "\ud800", "%", "?a=[", "#", "/é", "//"]
)
async def test_an_address_of_any_form_is_no_accident(chat, end):
    url, bob = picture(chat)

    with suppress(NotFetched):
        assert (
            await fetcher(chat).fetch(url + end, bob, thread_in(chat))
        ).data == PHOTO


async def test_off_is_off(chat):
    url, bob = picture(chat)
    off = ImageFetcher(None, most_bytes=1, within=timedelta(seconds=1))

    with pytest.raises(NotFetched, match="off"):
        await off.fetch(url, bob, thread_in(chat))


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/chat/x",
        "http://chat.example/x",
        "https://chat.example:444/x",
        "https://chat.example@evil.example/x",
        "https://u:p@chat.example/x",
        "https://chat.example.evil.example/x",
        "https://chat.example\\@evil.example/x",
        "//chat.example/x",
        "/x",
        "",
        "https://[::1",
        "https://chat.example:x/",
        "file:///etc/passwd",
    ],
)
def test_a_token_goes_to_no_other_host(url):
    assert not is_of("https://chat.example", url)


def test_a_token_goes_to_the_resource_itself():
    assert is_of("https://chat.example", "https://CHAT.example/threads/1?x=@")
