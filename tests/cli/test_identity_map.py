"""Maps of identities: in Microsoft's form and ours, decisions honoured, nothing guessed."""

import csv
import json

import pytest

from builders import ALICE, BOB, THREAD
from shared.cli.identity_map import read_identities
from shared.cli.options import Unreadable
from shared.formats.part import EntraIdentity

GUIDE = "acs_user_id,entra_object_id,target_tenant_id,status,decision_owner"


@pytest.fixture
def read(tmp_path):
    def read(text, encoding="utf-8"):
        file = tmp_path / "map.csv"
        file.write_bytes(text.encode(encoding))
        return read_identities(file)

    return read


def test_the_guide_s_form_is_read(read):
    people = read(
        f"{GUIDE}\n8:acs:a,e1,t1,mapped,ann\n8:acs:b,,,archive-only,ann\n"
        "8:acs:c,,,unresolved,\n8:acs:d,,,,\n"
    )

    assert people.mapped == {"8:acs:a": EntraIdentity(id="e1", display_name="")}
    assert people.archive_only == {"8:acs:b"}
    assert people.decided == {"8:acs:a", "8:acs:b"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_it_is_read_as_spreadsheets_write_it(read, encoding, separator):
    text = f"{GUIDE}\r\n 8:acs:a , e1 ,,Mapped,\r\n8:acs:b,,,Archive Only,\r\n,,,,\r\n"

    people = read(text.replace(",", separator), encoding)

    assert (list(people.mapped), people.archive_only) == (["8:acs:a"], {"8:acs:b"})


def test_our_own_form_needs_no_status(read):
    people = read("acs_id,acs_name,entra_id,entra_name\n8:acs:a,Ann,e1,Ann Lee\n")

    assert people.mapped["8:acs:a"].display_name == "Ann Lee"


def test_a_decision_wins_over_an_id(read):
    people = read(f"{GUIDE}\n8:acs:a,e1,t1,archive-only,ann\n8:acs:b,e2,,unresolved,\n")

    assert people.mapped == {}
    assert people.archive_only == {"8:acs:a"}


def test_a_row_that_comes_twice_may_say_the_same(read):
    row = "8:acs:a,e1,t1,mapped,ann\n"

    assert len(read(f"{GUIDE}\n{row}{row}").mapped) == 1


BAD = {
    "a status nobody knows": ("8:acs:a,e1,,maped,", "row 2: the status is none of"),
    "mapped to nobody": ("8:acs:a,,,mapped,", "row 2: mapped, and entra_object_id"),
    "nobody": (",e1,,mapped,", "row 2: it names nobody"),
    "two decisions": (
        "8:acs:a,e1,,mapped,\n8:acs:a,,,archive-only,",
        "rows 2 and 3 say different things of 8:acs:a",
    ),
    "two people": ("8:acs:a,e1,,,\n8:acs:a,e2,,,", "rows 2 and 3"),
}


@pytest.mark.parametrize(("rows", "says"), BAD.values(), ids=BAD)
def test_what_is_not_clear_is_refused_by_its_row(read, rows, says):
    with pytest.raises(Unreadable, match=says):
        read(f"{GUIDE}\n{rows}\n")


def test_who_is_archived_only_is_not_unmapped(run, folder, tmp_path):
    file = tmp_path / "map.csv"
    file.write_text(f"{GUIDE}\n{ALICE},e1,,mapped,\n")
    export = ("export", folder, "--format", "graph-import", "--thread", THREAD)
    run(*export, "--identities", file, "--output", "first")
    before = reconciliation(tmp_path / "first")
    (table,) = (tmp_path / "first").rglob("graph-unmapped.csv")
    (row,) = csv.DictReader(table.read_text().splitlines())
    assert (row["acs_user_id"], row["status"]) == (BOB, "unresolved")
    assert ",".join(row).startswith(GUIDE)

    decided = table.read_text().replace("unresolved", "archive-only")
    file.write_text(decided + f"{ALICE},,,archive-only,,\n")
    run(*export, "--identities", file, "--output", "second")
    after = reconciliation(tmp_path / "second")

    assert before["unmapped"] == [BOB]
    assert after["unmapped"] == []
    assert after["left_out"]["archive_only"] >= before["statuses"]["ready"] > 0
    assert "unmapped" not in after["left_out"]
    assert after["not_members"][BOB] == "is archived only, as decided"
    assert after["statuses"]["ready"] == 0
    said = json.loads(
        run("report", folder, "--json", "--identities", file, status=None)
    )
    assert said["without_identity"] == []


def reconciliation(folder):
    (file,) = folder.rglob("graph-reconciliation.json")
    return json.loads(file.read_text())


def test_what_is_unmapped_is_given_back_as_it_came(run, folder, tmp_path, read):
    (tmp_path / "none.csv").write_text(f"{GUIDE}\n")
    run("export", folder, "--format", "graph-import", "--thread", THREAD,
        "--identities", tmp_path / "none.csv", "--output", "out")  # fmt: skip
    (table,) = (tmp_path / "out").rglob("graph-unmapped.csv")

    people = read(table.read_text())

    assert (people.mapped, people.archive_only) == ({}, frozenset())
