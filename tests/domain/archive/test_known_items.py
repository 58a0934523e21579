"""Which pages of messages hold nothing new."""

import json

import pytest
from inputs import FULL, listing_chain

from builders import listed, listed_edited
from shared.domain.archive.known_items import KnownItems
from shared.domain.thread.listing import Page, PageKind

ODD = {"id": "no number"}


def page(*items, kind=PageKind.MESSAGES):
    return Page(kind=kind, body=json.dumps({"value": items, "nextLink": "https://x"}))


@pytest.fixture
def known():
    shown = page(listed(0), listed(1), ODD)
    people = page({"id": "1", "version": "1"}, kind=PageKind.PARTICIPANTS)
    chain = listing_chain(([shown, people], FULL))
    return KnownItems(chain.files["listing"])


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([listed(0)], True),
        ([listed(1), listed(0)], True),
        ([ODD], True),
        ([listed(0, senderDisplayName="Renamed")], True),
        ([listed_edited(0)], False),
        ([listed(0), listed(2)], False),
        ([ODD | {"more": 1}], False),
        ([{"id": "1", "version": "1"}], False),
        (["text"], False),
        ([], False),
    ],
)
def test_a_page_is_known_if_all_its_versions_were_shown(known, items, expected):
    assert known.hold_page(page(*items)) is expected


@pytest.mark.parametrize("body", ["", "[]", "{", '{"value": {}}', '"x"'])
def test_what_is_no_page_is_not_known(known, body):
    assert not known.hold_page(Page(kind=PageKind.MESSAGES, body=body))
