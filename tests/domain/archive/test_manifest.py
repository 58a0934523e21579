import json

import pytest

from builders import NOON, THREAD, received, to_log
from shared.domain.archive.manifest import (
    content_of,
    decode_manifest,
    describe,
    encode_manifest,
    file_named,
)
from shared.domain.errors import IntegrityError
from shared.domain.log.coverage import Cover
from shared.domain.log.record import read_records
from shared.domain.thread.replay import replay


def manifest(previous=None):
    content = content_of(
        replay(THREAD, read_records(to_log(received())), ()),
        revision=previous.revision + 1 if previous else 1,
        files=[describe("events.jsonl", b"a\nb\n")],
        covers={"2026-11-22.jsonl": Cover(4, "2026-11-22T12:00:00Z")},
        previous=(previous.revision, previous.sha256) if previous else None,
    )
    return encode_manifest(content, archived_on=NOON, archiver_version="1")


def test_a_manifest_can_be_read_back():
    read = decode_manifest(manifest())

    assert read.revision == 1
    assert file_named(read.files, "events.jsonl") == describe("events.jsonl", b"a\nb\n")
    assert read.covers == {"2026-11-22.jsonl": Cover(4, "2026-11-22T12:00:00Z")}


def test_revisions_are_chained():
    first = decode_manifest(manifest())

    second = json.loads(manifest(previous=first))

    assert second["content"]["previous"] == {
        "revision": 1,
        "manifest_sha256": first.sha256,
    }


def test_a_changed_content_is_an_alarm():
    changed = manifest().replace(b'"messages": 1', b'"messages": 2')

    with pytest.raises(IntegrityError, match="own digest"):
        decode_manifest(changed)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"content":1}'])
def test_what_is_no_manifest_is_an_alarm(data):
    with pytest.raises(IntegrityError):
        decode_manifest(data)


def test_a_file_that_the_manifest_does_not_name_is_an_alarm():
    with pytest.raises(IntegrityError, match="not name transcript"):
        file_named(decode_manifest(manifest()).files, "transcript.json")
