"""Ids come from files as people have them: lists, and exports of Azure Monitor."""

import hashlib
import io
import json

import pytest

from shared.cli.options import Unreadable
from shared.cli.seeds import read_chat_log, read_seeds

ALICE, BOB = "8:acs:r_alice", "8:acs:r_bob"
ONE, TWO = "19:one@thread.v2", "19:two@thread.v2"


def file(text, name="ids"):
    made = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    made.name = name
    return made


IDS = f"{ALICE}\r\n{BOB}\r\n"


@pytest.mark.parametrize(
    "data",
    [
        IDS.encode("utf-16"),
        b"\xfe\xff" + IDS.encode("utf-16-be"),
        IDS.encode("utf-8-sig"),
        IDS.replace("\r\n", "\r").encode(),
        f"id;name\r\n{ALICE};Alice, A.\r\n{BOB};Bob\r\n".encode(),
        f"id\tname\n{ALICE}\tAlice\n{BOB}\tBob\n".encode(),
        f"sep=;\r\n{ALICE};Alice\r\n{BOB};Bob\r\n".encode(),
        f"# ours, all of them\n\n{ALICE};Alice\n{BOB}\n".encode(),
        f'id,name\n{ALICE},"Alice\nA."\n{BOB},Bob\n'.encode(),
    ],
)
def test_users_are_read_as_peoples_tools_write_them(data):
    assert [user for user, _ in read_seeds([file(data)], [], []).users] == [ALICE, BOB]


@pytest.mark.parametrize(
    "data",
    [f"{ALICE};Ren\xe9\n".encode("cp1252"), IDS.encode("utf-16-le"), b"\xff\xfea"],
)
def test_what_is_not_utf_8_is_refused_with_what_to_do(data):
    with pytest.raises(Unreadable, match=r"ids is not UTF-8\. Save it as UTF-8"):
        read_seeds([file(data)], [], [])


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"properties": json.dumps({"UserId": ALICE, "ChatThreadId": ONE})}),
        f"UserId;ChatThreadId\n{ALICE};{ONE}\n",
        f"UserId\tChatThreadId\r{ALICE}\t{ONE}\r",
        f"sep=;\nUserId;ChatThreadId\n{ALICE};{ONE}\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_chat_log_is_read_as_tools_write_it(text, encoding):
    seeds = read_seeds([], [read_chat_log(file(text.encode(encoding)))], [])

    assert list(seeds.threads) == [(ONE, ALICE)]


@pytest.mark.parametrize(
    ("user", "thread"),
    [
        ("UserId_s", "ChatThreadId_s"),
        ("userId_g", "chatThreadId_s"),
        ("UserId [UTC]", "ChatThreadId [UTC]"),
        ("UserId (string)", "ChatThreadId"),
        (" userid ", " chatthreadid "),
    ],
)
@pytest.mark.parametrize("shape", ["csv", "lines", "log analytics"])
def test_a_column_may_have_what_an_export_adds_to_its_name(user, thread, shape):
    columns = [{"name": user}, {"name": thread}]
    text = {
        "csv": f"{user},{thread}\n {ALICE}, {ONE} \n",
        "lines": json.dumps({user: ALICE, thread: ONE}),
        "log analytics": json.dumps({"columns": columns, "rows": [[ALICE, ONE]]}),
    }[shape]

    seeds = read_seeds([], [read_chat_log(file(text))], [])

    assert (seeds.users, seeds.threads) == ([(ALICE, "ids")], [(ONE, ALICE)])


def test_properties_may_be_a_column_of_a_table():
    told = json.dumps({"UserId": ALICE, "ChatThreadId": ONE}).replace('"', '""')

    seeds = read_seeds([], [read_chat_log(file(f'Time,properties\nx,"{told}"\n'))], [])

    assert seeds.threads == [(ONE, ALICE)]


@pytest.mark.parametrize(
    "row", ["r_alice,19:one@thread.v2", "r_alice,", "8:acs:r_alice,one", ",one"]
)
def test_ids_without_their_beginning_are_refused(row):
    text = f"UserId,ChatThreadId\n{BOB},{TWO}\n{row}\n"

    with pytest.raises(Unreadable, match=r"without their beginning .* 8:acs:… and 19:"):
        read_seeds([], [read_chat_log(file(text))], [])


def test_ids_of_the_other_kind_are_refused_with_the_option_that_takes_them():
    with pytest.raises(Unreadable, match=r"ids holds 2 lines .* them to --users\."):
        read_seeds([], [], [file(IDS)])
    with pytest.raises(Unreadable, match=r"ids holds 1 line .* it to --threads\."):
        read_seeds([file(f"{ALICE}\n{ONE}\n")], [], [])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"r_2\n{ALICE}\n", "1 line without"),
        (f"Time,UserId\n2026-10-01T10:00:00Z,{ALICE}\n", "1 line without"),
        (f"{ALICE}\nr_bob\n", "1 line without"),
        (f"user id\nr_bob\n{ALICE}\nbob@x.y\n", "2 lines without"),
    ],
)
def test_a_line_without_an_id_among_ids_is_refused(text, says):
    with pytest.raises(Unreadable, match=says):
        read_seeds([file(text)], [], [])
    with pytest.raises(Unreadable, match=says):
        read_seeds([], [], [file(text)])


@pytest.mark.parametrize("text", ['{"properties": "{"}', '{"properties": "[5, {}]"}'])
def test_text_in_a_chat_log_that_is_no_json_names_nobody(text):
    with pytest.raises(Unreadable, match="names neither"):
        read_seeds([], [read_chat_log(file(text))], [])


def test_users_stand_one_a_line_among_comments_and_blank_lines():
    users = file(f"\ufeffuser id\r\n# ours\r\n\r\n{ALICE}\r\n {BOB} \r\n{ALICE}")

    assert read_seeds([users], [], []).users == [(ALICE, "ids"), (BOB, "ids")]


def test_a_thread_may_name_who_can_read_it():
    seeds = read_seeds([], [], [file(f"{ONE},{ALICE}\n{TWO}\n")])

    assert seeds.threads == [(ONE, ALICE), (TWO, "")]
    assert seeds.users == [(ALICE, "ids")]


ROWS = [
    {"TimeGenerated": "x", "UserId": ALICE, "ChatThreadId": ONE},
    {"TimeGenerated": "y", "UserId": ALICE, "ChatThreadId": ONE},
    {"TimeGenerated": "z", "UserId": BOB, "ChatThreadId": ""},
    {"TimeGenerated": "z", "UserId": "", "ChatThreadId": TWO},
    {"TimeGenerated": "z"},
]
LOG_ANALYTICS = {
    "tables": [
        {
            "name": "PrimaryResult",
            "columns": [{"name": "UserId"}, {"name": "ChatThreadId"}],
            "rows": [[ALICE, ONE], [BOB, ""], ["", TWO]],
        }
    ]
}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        "\n".join(map(json.dumps, ROWS)),
        "\n".join(json.dumps({"properties": row}) for row in ROWS),
        json.dumps({"records": ROWS}),
        json.dumps(LOG_ANALYTICS),
        f"TimeGenerated [UTC],userId,chatThreadId\nx,{ALICE},{ONE}\ny,{BOB},\nz,,{TWO}\n",
    ],
    ids=["array", "lines", "diagnostics", "records", "log analytics", "csv"],
)
def test_a_chat_log_tells_users_and_threads(text):
    seeds = read_seeds([], [read_chat_log(file(text, "log"))], [])

    assert seeds.users == [(ALICE, "log"), (BOB, "log")]
    assert seeds.threads == [(ONE, ALICE), (TWO, "")]


@pytest.mark.parametrize("text", ["", "nothing here", b"\xff\xfe\x00", "{", "[]"])
def test_a_file_without_ids_is_said_and_named(text):
    with pytest.raises(Unreadable, match=r"users\.txt"):
        read_seeds([file(text, "users.txt")], [], [])
    with pytest.raises(Unreadable, match=r"log\.csv"):
        read_seeds([], [read_chat_log(file(text, "log.csv"))], [])


def test_a_chat_log_is_kept_as_it_was_exported():
    told = {"time": "2026-11-01T00:00:00Z", "properties": {"UserId": ALICE}}
    plain = {"TimeGenerated": "x", "UserId": BOB, "ChatThreadId": ONE, "DurationMs": 7}
    data = "\n".join(map(json.dumps, [told, plain, {"other": 1}])).encode()

    log = read_chat_log(file(data, "logs.json"))

    assert [row.value for row in log.rows] == [told, plain]
    assert [(row.user_id, row.thread_id) for row in log.rows] == [
        (ALICE, ""),
        (BOB, ONE),
    ]
    assert log.sha256 == hashlib.sha256(data).hexdigest()
    assert (log.name, log.taken_on) == ("logs.json", "")


@pytest.mark.parametrize(
    "text",
    [
        '{"UserId":"8:acs:x","Deep":' + "[" * 9999 + "]" * 9999 + "}",
        json.dumps({"columns": [{"name": "UserId"}, {"type": "x"}], "rows": [[1]]}),
        json.dumps({"columns": "UserId", "rows": [["8:acs:x"]]}),
        json.dumps({"columns": [{"name": "UserId"}], "rows": 1}),
        json.dumps({"columns": [{"name": "UserId"}], "rows": [1]}),
    ],
)
def test_json_of_another_form_is_refused_in_a_sentence(text):
    with pytest.raises(Unreadable, match="JSON of another form than a chat log"):
        read_chat_log(file(text, "log.json"))
