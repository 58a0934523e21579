"""Who is behind raw ids: kept with the archive, shown beside the names of the time."""

import asyncio
import csv
import io
import json
import sqlite3

import pytest
from click.testing import CliRunner

from builders import ALICE, BOB, THREAD
from evidence_verifiers import failures
from shared.cli.main import main
from shared.verifier import verify as verifier

ANN, MAIL = "Ann Archer", "ann@contoso.example"


def table(
    tmp_path, *rows, head="raw_id,user_id,name,mail,from,until", encoding="utf-8"
):
    file = tmp_path / "staff.csv"
    file.write_bytes("\r\n".join([head, *rows, ""]).encode(encoding))
    return file


@pytest.fixture
def known(folder, run, tmp_path):
    run("people", "import", table(tmp_path, f"{ALICE},u-17,{ANN},{MAIL},,"), folder)
    return folder


def stored(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_both_verdicts_count_it(known, run, capsys):
    said = "\n  lines that concern no single thread: people 1\n"

    assert said in run("verify", known)
    *_, verdict = map(json.loads, run("verify", known, "--json").splitlines())
    assert verdict["archive_input"] == {"people": 1}
    assert verifier.main([str(known)]) == 0
    assert said in capsys.readouterr().out


def test_a_directory_is_evidence_and_changes_nothing_that_was_archived(
    folder, run, tmp_path
):
    before = stored(folder)
    out = run(
        "people", "import", table(tmp_path, f"{ALICE},u-17,{ANN},{MAIL},,"), folder
    )

    after = stored(folder)
    assert out == "Kept 1 new id and 0 changed ids; 0 as before.\n"
    changed = {path for path in after if before.get(path) != after[path]}
    assert {path for path in changed if not path.startswith("ledger/")} == {
        "archive-input/people/000001.jsonl"
    }
    assert failures(after) == []
    run("verify", folder)
    assert ANN in run("people", "list", folder)
    (row,) = map(json.loads, run("people", "list", folder, "--json").splitlines())
    assert row == {
        "raw_id": ALICE, "user_id": "u-17", "name": ANN, "mail": MAIL,
        "from": "", "until": "",
    }  # fmt: skip


def test_the_same_again_writes_nothing_and_a_change_replaces_one(known, run, tmp_path):
    before = stored(known)
    out = run(
        "people", "import", table(tmp_path, f"{ALICE},u-17,{ANN},{MAIL},,"), known
    )
    assert out.endswith("1 as before.\n")
    assert stored(known) == before

    rows = (f"{ALICE},u-17,Ann Baker,,,", f"{BOB},,Bo,,,")
    answer = run("people", "import", table(tmp_path, *rows), known, "--json")
    assert json.loads(answer) == {"new": 1, "changed": 1, "same": 0}
    listed = run("people", "list", known)
    assert "Ann Baker" in listed
    assert ANN not in listed
    assert MAIL not in listed


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_tables_as_other_tools_write_them(folder, run, tmp_path, encoding):
    file = table(
        tmp_path,
        f"{ALICE};Zoë “Z” Ångström;z@x.example",
        head="ACS_User_Id;Display Name;Email",
        encoding=encoding,
    )
    run("people", "import", file, folder)
    assert "Zoë “Z” Ångström, z@x.example" in run("people", "list", folder)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((), "holds no row"),
        (("alice,u,Ann,,,",), "row 2: raw_id is no raw id"),
        (("8:acs:" + "x" * 256 + ",u,Ann,,,",), "row 2: raw_id is no raw id"),
        ((f"{ALICE},,,,,",), "row 2: it says nothing"),
        ((f"{ALICE},u,Ann,,2026-02-30,",), "row 2"),
        ((f"{ALICE},u,Ann,,soon,",), "no day such as"),
        ((f"{ALICE},u,Ann,,2026-02-02,2026-02-01",), "is before"),
        ((f"{ALICE},u,Ann,,,2026-02-01", f"{ALICE},v,Bo,,2026-02-01,"), "rows 2 and 3"),
    ],
)
def test_a_row_that_is_not_clear_is_refused_and_nothing_is_kept(
    folder, run, tmp_path, rows, said
):
    before = stored(folder)
    out = run("people", "import", table(tmp_path, *rows), folder, status=2)
    assert said in out
    assert stored(folder) == before


def test_a_table_without_its_columns_is_refused(folder, run, tmp_path):
    file = table(tmp_path, "a,b", head="who,name")
    assert "raw_id" in run("people", "import", file, folder, status=2)
    file = table(tmp_path, f"{ALICE},b", head="raw_id,phone")
    assert "user_id, name, mail" in run("people", "import", file, folder, status=2)


def test_nobody_is_known_at_first(folder, run):
    assert "people import" in run("people", "list", folder, status=1)


# Where the names are shown


def test_exports_show_the_names_beside_those_of_the_time(known, run, tmp_path):
    out = tmp_path / "out"
    formats = [f"--format={name}" for name in ("csv", "html", "md", "txt")]
    run("export", *formats, "--output", out, known)

    pages = "".join(path.read_text("utf-8") for path in out.rglob("*.html"))
    assert f"[{ANN}]" in pages
    assert MAIL in pages
    for name in ("transcript.md", "transcript.txt"):
        assert any(ANN in path.read_text("utf-8") for path in out.rglob(name))
    rows = [
        row
        for path in out.rglob("messages.csv")
        for row in csv.DictReader(io.StringIO(path.read_text("utf-8")))
    ]
    by_alice = [row for row in rows if row["sender_id"] == ALICE]
    assert by_alice
    assert {row["sender_known_as"] for row in by_alice} == {ANN}
    assert {row["sender_mail"] for row in by_alice} == {MAIL}
    assert {row["sender_user_id"] for row in by_alice} == {"u-17"}
    assert {row["sender_known_as"] for row in rows if row["sender_id"] != ALICE} <= {""}


def test_a_single_table_and_a_workbook_have_the_columns_too(known, run, tmp_path):
    from openpyxl import load_workbook

    run("export", "--single", tmp_path / "all.csv", known)
    run("export", "--single", tmp_path / "all.xlsx", known)
    head, *rows = csv.reader(io.StringIO((tmp_path / "all.csv").read_text("utf-8")))
    sheet = load_workbook(tmp_path / "all.xlsx").active
    assert head[-3:] == ["sender_known_as", "sender_user_id", "sender_mail"]
    assert any(row[-3:] == [ANN, "u-17", MAIL] for row in rows)
    assert [cell.value for cell in sheet[1]] == head
    assert ANN in {row[-3].value for row in sheet.iter_rows()}


def test_the_plan_of_an_import_says_who_is_not_mapped(known, run, tmp_path):
    out = tmp_path / "import"
    run("export", "--format=graph-import", "--output", out, known)
    rows = [
        row
        for path in out.rglob("graph-unmapped.csv")
        for row in csv.DictReader(io.StringIO(path.read_text("utf-8")))
    ]
    (known_as,) = {row["known_as"] for row in rows if row["acs_user_id"] == ALICE}
    assert known_as == ANN
    assert MAIL in {row["known_mail"] for row in rows}
    documents = [
        json.loads(path.read_text("utf-8"))
        for path in out.rglob("graph-reconciliation.json")
    ]
    assert ANN in {
        author["knownAs"] for each in documents for author in each["authors"].values()
    }


def test_without_a_directory_an_export_has_no_columns_of_it(folder, run, tmp_path):
    run("export", "--single", tmp_path / "all.csv", folder)
    assert "known_as" not in (tmp_path / "all.csv").read_text("utf-8")


def test_days_tell_who_it_was(folder, run, tmp_path):
    rows = (f"{ALICE},,Early,,,2020-12-31", f"{ALICE},,Late,,2021-01-01,")
    run("people", "import", table(tmp_path, *rows), folder)
    run("export", "--single", tmp_path / "all.csv", folder)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "all.csv").read_text("utf-8"))))
    assert {row["sender_known_as"] for row in rows if row["sender_id"] == ALICE} == {
        "Late"
    }
    assert "Early, until 2020-12-31 / Late, since 2021-01-01" in run("list", folder)


@pytest.mark.parametrize("has_index", [False, True])
def test_people_are_found_by_these_names(known, run, has_index):
    if has_index:
        run("index", known)
    assert f"[{ANN}]" in run("list", known, "--participant", "archer")
    assert "No thread matches" in run("list", known, "--participant", "Zed", status=1)
    hit = json.loads(run("search", "archer", known, "--json").splitlines()[0])
    assert hit["sender_id"] == ALICE
    assert hit["sender_known_as"] == ANN


def test_an_index_from_before_is_refused_and_brought_up_to_date(folder, run, tmp_path):
    run("index", folder)
    run("people", "import", table(tmp_path, f"{ALICE},u-17,{ANN},{MAIL},,"), folder)
    assert "NOT USED: the index is of" in run("list", folder)

    run("index", folder)
    assert "NOT USED" not in run("list", folder)
    with sqlite3.connect(f"{folder}-index.sqlite") as db:
        assert db.execute("SELECT raw_id, name, mail FROM directory").fetchall() == [
            (ALICE, ANN, MAIL)
        ]
        names = db.execute("SELECT DISTINCT sender_known_as FROM conversation")
        assert (ANN,) in names.fetchall()

    run("people", "import", table(tmp_path, f"{ALICE},,Ann Baker,,,"), folder)
    run("index", folder)
    assert "No thread matches" in run(
        "list", folder, "--participant", "Archer", status=1
    )
    assert "[Ann Baker]" in run("list", folder, "--participant", "Baker")


def test_only_threads_of_those_who_changed_are_read_again(folder, run, tmp_path):
    run("index", folder)
    out = run(
        "people", "import", table(tmp_path, "8:acs:stranger,,Stranger,,,"), folder
    )
    assert "1 new id" in out
    assert "read 0 new or changed threads" in run("index", folder)


def test_a_site_shows_them_and_is_written_again_when_they_change(known, run, tmp_path):
    site = tmp_path / "site"
    run("site", "--output", site, known)

    def text():
        return "".join(
            path.read_text("utf-8", "replace")
            for path in site.rglob("*")
            if path.suffix in (".html", ".js")
        )

    assert f"[{ANN}]" in text()
    run("people", "import", table(tmp_path, f"{ALICE},,Ann Baker,,,"), known)
    run("site", "--output", site, known)
    assert "[Ann Baker]" in text()
    assert ANN not in text()


def test_who_takes_a_name_with_brackets_is_shown_with_the_id(known, run, tmp_path):
    """Nobody passes for somebody else by writing `[…]` into their display name."""
    from shared.domain.people import KnownPerson, PeopleDirectory
    from shared.formats.names import Names

    directory = PeopleDirectory.of([KnownPerson(raw_id=ALICE, name=ANN)])
    names = Names(people=directory)
    assert names.of(BOB, f"Bob [{ANN}]") == f"Bob [{ANN}] ({BOB})"
    assert names.of(BOB, f"Bob ［{ANN}］").endswith(f"({BOB})")
    assert names.of(ALICE, "Alice") == f"Alice [{ANN}]"
    assert names.of(ALICE, ANN) == ANN
    assert names.of(ALICE) == f"{ALICE} [{ANN}]"


# Erasing


def test_a_person_is_erased_there_too(known, run, tmp_path):
    run("index", known)
    planned = run("erase", "--participant", ALICE, "--reason", "request 12", known)
    assert "what is kept beside threads: 1 line" in planned

    out = run(
        "erase", "--participant", ALICE, "--reason", "request 12", "--execute", known
    )
    assert "erased what is kept beside threads: 1 line" in out
    assert failures(stored(known)) == []
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "staff.csv":
            assert ANN.encode() not in path.read_bytes(), path
    assert "Nobody is known" in run("people", "list", known, status=1)
    again = run(
        "erase", "--participant", ALICE, "--reason", "request 12", "--execute", known
    )
    assert "erased already" in again


def test_who_is_in_the_directory_alone_can_be_erased(folder, run, tmp_path):
    run("people", "import", table(tmp_path, "8:acs:idle,,Ida Idle,,,"), folder)
    out = run(
        "erase", "--participant", "8:acs:idle", "--reason", "r", "--execute", folder
    )
    assert "1 line" in out
    assert "Nobody is known" in run("people", "list", folder, status=1)
    assert failures(stored(folder)) == []


def test_one_thread_alone_leaves_the_directory(known, run, files):
    thread = next(path for path in files if path.endswith("thread.json"))
    thread_id = json.loads(files[thread])["thread_id"]
    run(
        "erase", "--participant", ALICE, "--thread", thread_id, "--reason", "r",
        "--execute", known,
    )  # fmt: skip
    assert ANN in run("people", "list", known)


def test_a_directory_that_cannot_be_read_is_said_and_costs_nothing_else(known, run):
    path = known / "archive-input/people/000001.jsonl"
    path.write_bytes(path.read_bytes()[:-2])
    assert "NOT SHOWN: the directory of people" in run("list", known)
    result = CliRunner().invoke(main, ["index", str(known)])
    assert "the directory of people" in result.output
    assert result.exit_code == 1
    assert "people/000001" in run("people", "list", known, status=2)


def test_a_package_is_final(known, run, tmp_path):
    run("export", "--package", tmp_path / "pack", "--all", "--reason", "audit", known)
    file = table(tmp_path, f"{BOB},,Bo,,,")
    assert "package" in run("people", "import", file, tmp_path / "pack", status=2)
    run("verify", tmp_path / "pack")


def test_a_surrogate_of_another_writer_stops_nothing(folder, run, tmp_path):
    from shared.bootstrap.archive import ArchiveAddress, open_archive
    from shared.bootstrap.archive_input import archive_input

    async def keep():
        async with open_archive(ArchiveAddress(text=str(folder), env={})) as archive:
            said = {"people": [ALICE], "name": "Ann \ud800", "mail": "\udfff"}
            await archive_input(archive).add("people", [said])

    asyncio.run(keep())
    assert "Ann \ufffd" in run("people", "list", folder)
    for form in ("html", "csv", "xlsx"):
        run("export", folder, "--format", form, "--output", tmp_path / form)
    run("index", folder)
    run("site", folder, "--output", tmp_path / "site")
    assert "Alice [Ann \ufffd]" in run("list", folder)


@pytest.mark.parametrize(
    ("head", "row", "said"),
    [
        ("raw_id,name,mail", f"{ALICE},Archer, Ann,{MAIL}", "row 2: it has more cells"),
        ("raw_id,name,name", f"{ALICE},Ann,", "two columns that are called name"),
        ("raw_id,name", f'{ALICE},"Ann\r\n{BOB},Bo', "unexpected end of data"),
    ],
)
def test_a_table_that_may_mean_something_else_is_refused(
    folder, run, tmp_path, head, row, said
):
    before = stored(folder)
    out = run("people", "import", table(tmp_path, row, head=head), folder, status=2)
    assert said in out
    assert stored(folder) == before


def test_columns_are_found_as_people_write_their_names(folder, run, tmp_path):
    head = "Raw ID,User ID,Name,Display Name,E,"
    run(
        "people",
        "import",
        table(tmp_path, f"{ALICE},u-17,{ANN},,,", head=head),
        folder,
    )
    assert f"{ALICE}  {ANN}, u-17" in run("people", "list", folder)


@pytest.mark.parametrize("which", ["--all", "--thread", "--no-record"])
def test_a_package_verifies_after_somebody_was_erased_beside_threads(
    known, run, tmp_path, which
):
    run("erase", "--participant", ALICE, "--reason", "r", "--execute", known)
    made, again = tmp_path / "pack", tmp_path / "again"
    chosen = {
        "--all": ("--all",),
        "--thread": ("--thread", THREAD),
        "--no-record": ("--all", "--no-record"),
    }[which]
    run("export", "--package", made, *chosen, "--reason", "audit", known)
    run("export", "--package", again, *chosen, "--reason", "audit", made)
    for package in (made, again):
        assert "FAILED" not in run("verify", package)
        assert failures(stored(package)) == []


def test_where_nothing_can_be_written_a_sentence_says_what_is_needed(
    folder, run, tmp_path
):
    beside = folder.with_name(folder.name + "-control")
    beside.write_bytes(b"")  # no folder can be made there
    out = run("people", "import", table(tmp_path, f"{ALICE},,Ann,,,"), folder, status=2)
    assert f"{beside} cannot be written" in out
