"""A reader's token asks for images of the message's own thread, and for nothing else."""

from datetime import timedelta

import pytest

from local.chat_service.variant import NEW
from serving import served
from shared.adapters.chat.images import ImageFetcher, address_in, is_image_of, is_of
from shared.domain.thread.attachments import image_address
from shared.ports.file_fetcher import NotFetched

ENDPOINT = "https://chat.example"
PHOTO = b"\x89PNG" + bytes(5000)
THREAD = "19:a@thread.v2"
OF_THREAD = f"{ENDPOINT}/chat/threads/19%3Aa%40thread.v2/images"


def fetcher(here):
    return ImageFetcher(
        here.chat_clients, most_bytes=10_000, within=timedelta(seconds=20)
    )


@pytest.mark.parametrize(
    "url",
    [
        f"{OF_THREAD}/0-wus-d1_a.b",
        f"{OF_THREAD}/x/views/original",
        f"{OF_THREAD}/x/views/small?api-version=2023-11-03",
        f"{ENDPOINT}/chat/threads/19:a@thread.v2/images/x",
    ],
)
def test_images_of_the_thread_are_asked_for(url):
    assert is_image_of(THREAD, url)


@pytest.mark.parametrize(
    "url",
    [
        f"{ENDPOINT}/chat/threads/19%3Ab%40thread.v2/images/x",
        f"{ENDPOINT}/chat/threads/19%3Aa%40thread.v2/messages",
        f"{ENDPOINT}/chat/threads/19%3Aa%40thread.v2/participants",
        f"{ENDPOINT}/chat/threads/19%3Aa%40thread.v2/images",
        f"{ENDPOINT}/chat/threads/19%3Aa%40thread.v2/images/",
        f"{OF_THREAD}/..",
        f"{OF_THREAD}/../messages",
        f"{OF_THREAD}/x/../../messages",
        f"{OF_THREAD}/%2e%2e/messages",
        f"{OF_THREAD}/x%2f..%2f..%2fmessages",
        f"{OF_THREAD}/x/views/original/more",
        f"{ENDPOINT}/chat/threads",
        f"{ENDPOINT}/identities",
        f"{ENDPOINT}/x/chat/threads/19%3Aa%40thread.v2/images/x",
        f"{ENDPOINT}//chat/threads/19%3Aa%40thread.v2/images/x",
        f"{ENDPOINT}/chat/threads/19%253Aa%2540thread.v2/images/x",
    ],
)
def test_nothing_else_is(url):
    assert not is_image_of(THREAD, url)


def test_an_address_may_be_relative_to_its_thread():
    whole = address_in(ENDPOINT, THREAD, image_address("x"))

    assert whole == f"{OF_THREAD}/x/views/original?api-version=2025-03-15"
    assert is_image_of(THREAD, whole)


@pytest.mark.parametrize(
    "url",
    ["//evil.example/chat/threads/19:a@thread.v2/images/x", "\\\\evil/x", "http:x"],
)
def test_a_relative_address_leads_to_no_other_host(url):
    whole = address_in(ENDPOINT, THREAD, url)

    assert not (is_of(ENDPOINT, whole) and is_image_of(THREAD, whole))


async def test_the_token_is_sent_nowhere_else(tmp_path):
    async with served(tmp_path) as here:
        thread, (alice, _) = here.thread("Alice", "Bob")
        other, _ = here.thread("Alice", "Bob")
        image = here.service.world.store_image(other, PHOTO)

        for url in (
            f"{here.endpoint}/chat/threads/{thread.id}/messages",
            f"{here.endpoint}/chat/threads/{other.id}/images/{image}/views/original",
        ):
            with pytest.raises(NotFetched, match="of an image of this thread"):
                await fetcher(here).fetch(url, alice.id, thread.id)


async def test_an_image_of_plain_chat_is_fetched(tmp_path):
    async with served(tmp_path) as here:
        here.chat_clients.api_version = NEW
        thread, (_, bob) = here.thread("Alice", "Bob")
        image = here.service.world.store_image(thread, PHOTO)

        fetched = await fetcher(here).fetch(image_address(image), bob.id, thread.id)

    assert fetched.data == PHOTO
