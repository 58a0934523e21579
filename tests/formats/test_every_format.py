"""What holds for every format: the bytes, hostile content, and readers of others."""

import csv
import email
import email.policy
import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import duckdb
import jsonschema
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inputs import logged
from pyarrow import parquet

from builders import ALICE, BOB, FIRST_ID, SAMPLES, THREAD, received, to_log
from shared.config.reader import DEFAULTS
from shared.domain.thread.replay import replay
from shared.formats import ARCHIVED
from shared.formats.finetune_format import NoRoles
from shared.formats.html_head import asset, digest
from shared.formats.mail import days
from shared.formats.one_line import NEVER, readable
from shared.formats.part import EntraIdentity
from shared.formats.registry import FORMATS, RECONCILIATION, Options, written
from threads import HOSTILE, THREADS, rich

GOLDEN = Path(__file__).parent / "golden"
OPTIONS = Options(
    roles={BOB: "assistant"},
    identities={ALICE: EntraIdentity(id="entra-alice", display_name="Alice E.")},
)
LONG = "é" * 14_000
"""28 KB, which is all that a message may have."""
NAMES = st.text(max_size=20)


def files(name, transcript=None, options=OPTIONS):
    return dict(
        written([FORMATS[name]], rich() if transcript is None else transcript, options)
    )


def file(name, transcript=None, options=OPTIONS):
    (data,) = files(name, transcript, options).values()
    return data


def lines(data):
    return [json.loads(line) for line in data.decode("utf-8-sig").splitlines()]


@pytest.mark.parametrize("thread", THREADS)
@pytest.mark.parametrize("name", ARCHIVED)
def test_the_bytes_are_those_that_were_agreed_on(name, thread):
    for file_name, data in files(name, THREADS[thread](), Options()).items():
        golden = (GOLDEN / thread / file_name).read_bytes()
        assert data == golden, f"{file_name} changed: see golden.py"


@pytest.mark.parametrize("thread", THREADS)
def test_a_reconciliation_is_the_one_that_was_agreed_on(thread):
    ((name, data),) = written([RECONCILIATION], THREADS[thread](), Options())

    assert data == (GOLDEN / thread / name).read_bytes()


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_gives_the_files_that_it_names_and_no_other(name):
    others = [one for other, one in FORMATS.items() if other != name]

    for file_name in files(name):
        assert FORMATS[name].is_mine(file_name)
        assert not any(one.is_mine(file_name) for one in others)


@pytest.mark.parametrize("name", FORMATS)
@given(
    body=st.text(max_size=60),
    sender=NAMES,
    raw_id=NAMES,
    message_id=st.text(min_size=1, max_size=20),
    kind=st.sampled_from(["Text", "RichText/Html", "\ud800"]),
)
def test_no_text_stops_a_writer_or_breaks_its_file(
    name, body, sender, raw_id, message_id, kind
):
    first = received(
        0,
        body,
        senderDisplayName=sender,
        senderCommunicationIdentifier={"rawId": raw_id},
        messageId=message_id,
        type=kind,
    )
    events = [first, received(1, "after it")]
    transcript = replay(THREAD, logged(to_log(*events)), ())
    options = Options(
        roles={ALICE: "assistant"},
        identities={
            one: EntraIdentity(id="e", display_name="E") for one in (ALICE, raw_id)
        },
    )

    for file_name, data in files(name, transcript, options).items():
        if file_name.endswith(".parquet"):
            assert parquet.read_table(io.BytesIO(data)).num_rows == len(
                transcript.messages
            )
        elif file_name.endswith(".xlsx"):
            sheet = openpyxl.load_workbook(io.BytesIO(data)).active
            assert sheet.max_row == len(transcript.messages) + 1
        elif file_name.endswith((".eml", ".rsmf")):
            assert not email.message_from_bytes(
                data, policy=email.policy.default
            ).defects
        elif file_name.endswith(".json"):
            json.loads(data)
        elif file_name.endswith(".jsonl"):
            lines(data)
        if file_name.startswith(("transcript.", "chunks")):
            assert "after it" in data.decode()


# jsonl


def test_duckdb_reads_rows_with_the_schema_that_goes_with_them(tmp_path, monkeypatch):
    folder = tmp_path / "thread=19%3AacsV1_made-up%40thread.v2" / "rev=0001"
    folder.mkdir(parents=True)
    for name, data in files("jsonl").items():
        (folder / name).write_bytes(data)
    (folder / "manifest.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    duckdb.sql((folder / "schema.sql").read_text())

    rows = duckdb.sql(
        "SELECT thread, thread_id, content, is_edited, version FROM messages ORDER BY version"
    ).fetchall()
    (history,) = duckdb.sql("SELECT count(*) FROM history").fetchall()

    assert {thread for thread, *_ in rows} == {THREAD}
    assert len(rows) == len(rich().messages)
    assert history == (sum(len(one.versions) for one in rich().messages),)
    texts = [content for _, _, content, *_ in rows]
    assert all(one in texts for one in HOSTILE if "\ud800" not in one)


def test_the_views_have_each_message_once_of_the_newest_revision(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    revisions = [("a", 9, 1), ("a", 10, 3), ("b", 1, 2), ("b", 2, 4)]
    for thread, number, count in revisions:
        folder = tmp_path / f"thread={thread}" / f"rev={number:04}"
        folder.mkdir(parents=True)
        events = [received(at, "x", threadId=thread) for at in range(count)]
        transcript = replay(thread, logged(to_log(*events)), ())
        for name, data in files("jsonl", transcript).items():
            (folder / name).write_bytes(data)
        if (thread, number) != ("b", 2):  # a torn attempt
            (folder / "manifest.json").write_text("{}")
    (tmp_path / "thread=a" / "rev=0011").mkdir()  # in other formats
    (tmp_path / "thread=a" / "rev=0011" / "manifest.json").write_text("{}")
    duckdb.sql((folder / "schema.sql").read_text())

    for view in ("messages", "history"):
        found = duckdb.table(view).aggregate("thread, rev, count(*)").fetchall()
        assert sorted(found) == [("a", "0010", 3), ("b", "0001", 2)]


def test_pandas_reads_rows_and_keeps_ids(tmp_path):
    (tmp_path / "m.jsonl").write_bytes(files("jsonl")["messages.jsonl"])

    table = pd.read_json(tmp_path / "m.jsonl", lines=True, dtype=False)

    assert list(table["message_id"]) == [one.id for one in rich().messages]
    assert not table.isna().any().any()


def test_rows_hold_no_null_and_one_type_a_column():
    for name, data in files("jsonl").items():
        if name.endswith(".jsonl"):
            rows = lines(data)
            assert all(
                {k: type(v) for k, v in row.items()}
                == {k: type(v) for k, v in rows[0].items()}
                for row in rows
            )
            assert not any(
                mark in data for mark in (b"\xe2\x80\xa8", b"\xe2\x80\xa9", b"null")
            )


def test_a_row_commits_to_what_its_version_does():
    text = {
        (one["message_id"], one["version"]): one
        for one in lines(files("jsonl")["history.jsonl"])
    }
    message = next(one for one in rich().messages if one.id == str(FIRST_ID))

    row = text[message.id, message.current.number]

    assert len(row["commitment"]) == 64
    assert row["commitment"] == message.current.commitment


# csv, parquet


def test_a_byte_order_mark_is_an_option():
    plain, marked = files("csv"), files("csv", options=Options(bom=True))
    assert marked == {name: b"\xef\xbb\xbf" + data for name, data in plain.items()}


def test_parquet_holds_the_rows_of_jsonl(tmp_path, monkeypatch):
    table = parquet.read_table(io.BytesIO(file("parquet"))).to_pylist()
    rows = lines(files("jsonl")["messages.jsonl"])

    assert [one["message_id"] for one in table] == [one["message_id"] for one in rows]
    assert [one for one in table if "lone" not in one["content"]] == [
        one for one in rows if "lone" not in one["content"]
    ]
    (tmp_path / "m.parquet").write_bytes(file("parquet"))
    monkeypatch.chdir(tmp_path)
    (found,) = duckdb.sql("SELECT count(*), max(version) FROM 'm.parquet'").fetchall()
    assert found == (len(rows), max(one["version"] for one in rows))


# html


class Page(HTMLParser):
    VOID = ("meta", "input", "br", "img", "hr", "link")

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.ids, self.open, self.text = [], [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]
        self.open += [tag] if tag not in self.VOID else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def page(transcript=None):
    return Page(file("html", transcript).decode())


@pytest.mark.parametrize("thread", THREADS)
def test_a_page_is_well_formed_and_loads_nothing(thread):
    parsed = page(THREADS[thread]())

    assert parsed.open == []
    assert len(set(parsed.ids)) == len(parsed.ids)
    assert parsed.tags.count("script") == parsed.tags.count("style") == 1
    assert not {"img", "iframe", "link", "object", "form", "base", "svg"} & set(
        parsed.tags
    )
    assert not any(
        name.startswith("on") or name in ("src", "srcset", "style")
        for name, _ in parsed.attributes
    )
    assert not any(
        (value or "").lower().startswith("javascript:")
        for name, value in parsed.attributes
    )


def test_the_policy_of_a_page_allows_its_own_style_and_script_only():
    text = file("html").decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    inline = [
        *re.findall(r"<style>(.*?)</style>", text, re.DOTALL),
        *re.findall(r"<script>(.*?)</script>", text, re.DOTALL),
    ]

    assert policy.startswith("default-src 'none'; base-uri 'none'; form-action 'none'")
    assert inline == [asset("page.css"), asset("page.js")]
    assert all(digest(one) in policy for one in inline)


def test_everything_that_people_wrote_can_be_read_on_a_page():
    text = page().text

    for one in (
        "Hello, has my order come?",
        "My number is 000",
        "I will look.",
        "I will look now.",
        "photo.png",
        "</script><script>alert(1)</script>",
    ):
        assert one in text
    assert "edited 2026-11-22 12:00:00 · 3 versions" in text
    assert "deleted 2026-11-22" in text
    assert "May be incomplete a message could not be checked" in text
    assert "read up to here by Bob (2026-11-22 12:05:00)" in text
    assert "deleted by the service 60 days after its creation (2027-01-21" in text


def test_a_page_has_landmarks_headings_and_a_language():
    parsed = page()

    assert {"header", "main", "footer", "h1", "h2", "h3", "article", "section"} <= set(
        parsed.tags
    )
    assert ("lang", "en") in parsed.attributes
    assert ("href", "#messages") in parsed.attributes
    assert ("dir", "auto") in parsed.attributes


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4
        for one in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_colours_of_a_page_have_the_contrast_that_wcag_asks_for():
    def long(colour):
        return "#" + "".join(c * 2 for c in colour[1:]) if len(colour) == 4 else colour

    for block in re.findall(r":root\{([^}]*--bg[^}]*)\}", asset("page.css")):
        colours = {
            name: long(value) for name, value in re.findall(r"--(\w+):(#\w+)", block)
        }
        for front in ("ink", "soft", "link", "good", "fair"):
            for back in ("bg", "card"):
                if front in colours:
                    high, low = sorted(
                        (luminance(colours[front]), luminance(colours[back])),
                        reverse=True,
                    )
                    assert (high + 0.05) / (low + 0.05) >= 4.5, (front, back)


# md, txt


def test_markdown_takes_nothing_that_people_wrote_for_markup():
    text = file("md").decode()

    assert "<script" not in text.replace("\\<script", "")
    assert not re.search(r"[^\\]\]\(", text)
    assert f'<a id="m-{FIRST_ID}"></a>' in text
    assert not re.search(r"^> (#|- |1\. )", text, re.MULTILINE)


def test_every_message_of_a_text_begins_with_its_time_and_id():
    heads = re.findall(
        r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d #(\d+)\]",
        file("txt").decode(),
        re.MULTILINE,
    )

    assert heads == [one.id for one in rich().messages]


# eml, rsmf


def test_a_mail_a_day_can_be_read_by_any_mail_program():
    found = files("eml")

    assert list(found) == ["2026-11-22.eml", "2026-11-23.eml"]
    for data in found.values():
        mail = email.message_from_bytes(data, policy=email.policy.default)
        assert not mail.defects
        assert mail["Subject"].startswith("Solved · 2026-11-2")
        assert {one.display_name for one in mail["To"].addresses} >= {"Alice"}
        assert max(map(len, data.split(b"\r\n"))) < 998
        plain = mail.get_body(("plain",)).get_content()
        assert "Alice" in plain
        assert "<!DOCTYPE html>" in mail.get_body(("html",)).get_content()


def test_a_name_adds_no_header_to_a_mail():
    events = [
        received(0, "x", senderDisplayName="A\r\nBcc: all@example.com\r\n\r\nbody")
    ]
    transcript = replay(THREAD, logged(to_log(*events)), ())

    for name in ("eml", "rsmf"):
        mail = email.message_from_bytes(
            file(name, transcript), policy=email.policy.default
        )
        assert mail["Bcc"] is None
        assert not mail.defects


def rsmf_manifests(transcript=None):
    for data in files("rsmf", transcript).values():
        mail = email.message_from_bytes(data, policy=email.policy.default)
        assert mail["X-RSMF-Version"] == "2.0.0"
        (attachment,) = mail.iter_attachments()
        assert attachment.get_filename() == "rsmf.zip"
        with zipfile.ZipFile(io.BytesIO(attachment.get_content())) as archive:
            assert archive.namelist() == ["rsmf_manifest.json"]
            yield json.loads(archive.read("rsmf_manifest.json"))


@pytest.mark.parametrize("thread", THREADS)
def test_every_manifest_is_one_of_the_official_schema(thread):
    schema = SAMPLES / "rsmf" / "rsmf_schema_2_0_0.json"

    for manifest in rsmf_manifests(THREADS[thread]()):
        if schema.exists():
            jsonschema.Draft7Validator(json.loads(schema.read_text())).validate(
                manifest
            )
        ids = {one["id"] for one in manifest["participants"]}
        assert {one["participant"] for one in manifest["events"]} <= ids
        assert set(manifest["conversations"][0]["participants"]) == ids
        assert len({one["id"] for one in manifest["events"]}) == len(manifest["events"])


def test_edits_deletions_joins_and_leaves_are_told():
    events = [one for manifest in rsmf_manifests() for one in manifest["events"]]

    assert [one["type"] for one in events].count("join") == 2
    assert [one["body"] for one in events if one["type"] == "leave"] == [
        "Alice removed Bob"
    ]
    (edited,) = (one for one in events if one.get("edits"))
    assert [(one["previous"], one["new"]) for one in edited["edits"]] == [
        ("I will look.", "I will look now."),
        ("I will look now.", "I have looked: it comes today."),
    ]
    assert [one["body"] for one in events if one.get("deleted")] == [
        "My number is 000",
        "[content not known]",
    ]


def test_a_long_day_is_cut_into_files_of_ten_thousand_events():
    events = [received(number, "x") for number in range(10_001)]
    found = files("rsmf", replay(THREAD, logged(to_log(*events)), ()))

    assert list(found) == ["2026-11-22.part01.rsmf", "2026-11-22.part02.rsmf"]


# chunks, finetune


def chunks(transcript=None):
    return lines(files("chunks", transcript)["chunks.jsonl"])


def test_chunks_hold_whole_messages_and_cite_them():
    events = [
        received(number, f"message {number} " + "word " * (number % 50))
        for number in range(300)
    ]
    transcript = replay(THREAD, logged(to_log(*events)), ())
    found = chunks(transcript)

    cited = [one for chunk in found for one in chunk["message_ids"].split(",")]
    assert list(dict.fromkeys(cited)) == [one.id for one in transcript.messages]
    assert all(len(one["content"]) <= 2600 for one in found)
    assert len({one["id"] for one in found}) == len(found)
    assert all(re.fullmatch(r"[A-Za-z0-9_=-]+", one["id"]) for one in found)
    for before, after in pairwise(found):
        assert after["message_ids"].split(",")[0] == before["last_message_id"]
    known = {one.id: one.current.commitment for one in transcript.messages}
    assert all(
        one["commitments"]
        == ",".join(known[id] for id in one["message_ids"].split(","))
        for one in found
    )


def test_what_is_deleted_or_erased_is_in_no_chunk_and_every_stale_key_is_deleted():
    found = files("chunks")
    keys = {one["id"] for one in lines(found["chunks.jsonl"])}
    gone = {one["id"] for one in json.loads(found["search-deletes.json"])["value"]}

    assert b"My number is 000" not in found["chunks.jsonl"]
    assert not keys & gone
    assert len(keys | gone) == len(rich().messages)


def test_a_long_message_is_a_chunk_of_its_own():
    transcript = replay(THREAD, logged(to_log(received(0, LONG), received(1))), ())

    assert [len(one["content"]) > len(LONG) for one in chunks(transcript)] == [
        True,
        False,
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_the_longest_message_that_there_can_be_is_written(name):
    transcript = replay(THREAD, logged(to_log(received(0, LONG))), ())

    options = Options(roles={ALICE: "assistant"}, identities=OPTIONS.identities)
    assert any(len(data) > 300 for data in files(name, transcript, options).values())


def test_finetuning_needs_to_be_told_who_is_the_assistant():
    with pytest.raises(NoRoles):
        file("finetune", options=Options())


def test_a_conversation_takes_turns_and_leaves_out_what_is_gone():
    data = file("finetune")
    (conversation,) = lines(data)
    turns = conversation["messages"]

    assert data.startswith(b"\xef\xbb\xbf{")
    assert [one["role"] for one in turns[:3]] == ["user", "assistant", "user"]
    assert all(a["role"] != b["role"] for a, b in pairwise(turns))
    assert not any("My number is 000" in one["content"] for one in turns)


def test_a_thread_without_the_assistant_is_no_example():
    assert file("finetune", options=Options(roles={"8:acs:nobody": "assistant"})) == b""


# graph-import


def test_an_import_creates_a_chat_starts_sends_and_completes():
    found = files("graph-import")
    requests = lines(found["graph-import.jsonl"])

    assert [one["url"].rsplit("/", 1)[-1] for one in (*requests[:2], requests[-1])] == [
        "chats",
        "startMigration",
        "completeMigration",
    ]
    sent = requests[2:-1]
    times = [one["body"]["createdDateTime"] for one in sent]
    assert times == sorted(set(times))
    assert all(re.fullmatch(r"[\dT:-]+\.\d{3}Z", one) for one in times)
    assert requests[1]["body"]["conversationCreationDateTime"] < times[0]
    assert "body" not in requests[-1]


def test_nobody_is_impersonated():
    found = files("graph-import")
    reconciliation = json.loads(found["graph-reconciliation.json"])

    assert {
        one["body"]["from"]["user"]["id"]
        for one in lines(found["graph-import.jsonl"])[2:-1]
    } == {"entra-alice"}
    (row,) = csv.DictReader(found["graph-unmapped.csv"].decode().splitlines())
    assert row["acs_user_id"] == BOB
    assert row["status"] == "unresolved"
    assert reconciliation["unmapped"] == [BOB]
    assert (
        reconciliation["statuses"]["ready"] + sum(reconciliation["left_out"].values())
        == reconciliation["messages"]
    )


def test_every_message_has_a_key_by_which_sending_it_twice_can_be_seen():
    ledger = lines(files("graph-import")["graph-ledger.jsonl"])
    keys = {line["sourceMessageId"]: line["key"] for line in ledger}

    assert len(set(keys.values())) == len(keys) == len(ledger)
    first = hashlib.sha256(f"{THREAD}\n{FIRST_ID}".encode()).hexdigest()
    assert keys[str(FIRST_ID)] == first


def test_the_ledger_of_an_import_has_the_fields_of_the_guide_first():
    found = files("graph-import")
    ledger = lines(found["graph-ledger.jsonl"])
    sent = [
        request["body"]["createdDateTime"]
        for request in lines(found["graph-import.jsonl"])[2:-1]
    ]

    assert list(ledger[0]) == [
        "sourceThreadId", "sourceMessageId", "targetChatId", "targetMessageId",
        "effectiveCreatedDateTime", "status", "attempts", "lastError",
        "reason", "sourceCreatedDateTime", "key", "commitment",
    ]  # fmt: skip
    assert {line["sourceThreadId"] for line in ledger} == {THREAD}
    for line in ledger:
        assert (line["targetChatId"], line["targetMessageId"]) == (None, None)
        assert (line["attempts"], line["lastError"]) == (0, None)
    ready = [line for line in ledger if line["status"] == "ready"]
    assert sorted(line["effectiveCreatedDateTime"] for line in ready) == sent
    assert {line["reason"] for line in ready} == {None}


def test_the_statuses_of_an_import_add_up_to_the_baseline():
    found = files("graph-import")
    reconciliation = json.loads(found["graph-reconciliation.json"])
    ledger = lines(found["graph-ledger.jsonl"])
    baseline = reconciliation["baseline"]
    statuses = Counter(line["status"] for line in ledger)

    assert reconciliation["statuses"] == {
        "ready": statuses["ready"],
        "archived": statuses["archived"],
        "excluded": statuses["excluded"],
        "imported": 0,
        "failed": 0,
    }
    assert min(statuses[status] for status in ("ready", "archived", "excluded")) > 0
    assert statuses.total() == baseline["messages"]
    assert Counter(line["reason"] for line in ledger if line["reason"]) == Counter(
        reconciliation["left_out"]
    )
    authors = reconciliation["authors"]
    assert {who: counts["mappingStatus"] for who, counts in authors.items()} == {
        ALICE: "mapped",
        BOB: "unresolved",
    }
    by_author = baseline["by_author_and_day"]
    for who, counts in authors.items():
        found_of = sum(counts.get(status, 0) for status in statuses)
        assert found_of == sum(by_author[who].values())
    assert authors[ALICE]["ready"] == statuses["ready"]
    assert baseline["identities_without_mapping"] == 1
    assert (baseline["threads"], baseline["participants"]) == (1, 2)
    assert baseline["grade"]


def test_the_names_that_settings_know_are_those_of_the_formats():
    assert tuple(name for name in FORMATS if name in ARCHIVED) == ARCHIVED
    assert set(DEFAULTS["ARCHIVE_FORMATS"].split(",")) <= set(ARCHIVED)


@given(
    st.text(st.characters(exclude_categories=())) | st.text("a\r\n\t\u2028\x07\ud800")
)
def test_looking_before_translating_changes_no_text(text):
    slowly = text.replace("\r\n", "\n").replace("\r", "\n").translate(NEVER)

    assert readable(text) == slowly


@pytest.mark.parametrize("name", ["eml", "rsmf"])
def test_a_day_that_comes_again_is_one_file(name):
    undated = {"composeTime": "soon"}
    other = {"composeTime": "2026-11-20T12:00:00Z"}
    events = [
        received(0, "first"),
        received(1, "second", **undated),
        received(2, "third"),
        received(3, "fourth", **other),
        received(4, "fifth", **undated),
        received(5, "sixth", composeTime="0001-01-01T00:00:00Z"),
        received(6, "seventh"),
    ]
    thread = replay(THREAD, logged(to_log(*events)), ())

    rendered = list(written([FORMATS[name]], thread))

    assert sorted(file for file, _ in rendered) == [
        f"{day}.{name}" for day in ("0001-01-01", "2026-11-20", "2026-11-22", "undated")
    ]
    assert [len(list(messages)) for _, messages in days(thread)] == [1, 2, 1, 3]
