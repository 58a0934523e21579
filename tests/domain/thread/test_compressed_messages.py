"""Packed messages are the messages that were packed, however they are asked for."""

import pytest
from inputs import logged

from builders import THREAD, received, to_log
from shared.domain.thread.compressed_messages import BLOCK, CompressedMessages
from shared.domain.thread.replay import replay

COUNT = 2 * BLOCK + 3


@pytest.fixture(scope="module")
def messages():
    log = to_log(*map(received, range(COUNT)))
    return replay(THREAD, logged(log), []).messages


def test_packed_messages_come_out_as_they_went_in(messages):
    packed = CompressedMessages(iter(messages))

    assert len(packed) == COUNT
    assert tuple(packed) == messages
    assert tuple(packed) == messages  # as often as they are read


@pytest.mark.parametrize("at", [0, BLOCK - 1, BLOCK, COUNT - 1, -1, -COUNT])
def test_a_packed_message_is_found_by_its_place(messages, at):
    assert CompressedMessages(messages)[at] == messages[at]


def test_a_slice_of_packed_messages_crosses_blocks(messages):
    found = CompressedMessages(messages)[BLOCK - 2 : BLOCK + 2]

    assert tuple(found) == messages[BLOCK - 2 : BLOCK + 2]


@pytest.mark.parametrize("at", [COUNT, -COUNT - 1])
def test_there_is_no_packed_message_beyond_the_last(messages, at):
    with pytest.raises(IndexError):
        CompressedMessages(messages)[at]


def test_no_messages_pack_to_none():
    assert list(CompressedMessages([])) == []
    assert not CompressedMessages([])
