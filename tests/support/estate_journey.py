"""The way of an operator through a whole estate, step by step, on the command line.

Service and commands are real processes. Each step is a method of `Journey`, and compares
what its command prints with what the estate really contains; `STEPS` has their order.
"""

import asyncio
import csv
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azure.communication.chat.aio import ChatThreadClient, CommunicationTokenCredential
from azure.communication.identity import (
    CommunicationTokenScope,
    CommunicationUserIdentifier,
)
from azure.communication.identity.aio import CommunicationIdentityClient

from fake_az import fake_az
from local.chat_service.truth import (
    ARCHIVED,
    DELETED,
    PARTIAL,
    READABLE,
    SUMS,
    UNREACHABLE,
    Truth,
)
from local.graph.server import GraphServer, graph_server
from local.stack import chat_service
from shared.domain.words import plural

ROOT = Path(__file__).parents[2]
TROUBLE = ("--throttle", "0.02", "--fail", "0.02", "--retry-after", "0.05")
BACKFILL = ("backfill", "--users", "users.txt", "--chat-logs", "log.json")
ARCHIVE = "archive"
TEAMS = ("teams",)
MAP = ("--identities", "map.csv", "--per-second", "500", ARCHIVE)
OPEN = "unresolved"
GUIDE = ("acs_user_id", "entra_object_id", "target_tenant_id", "status")


@dataclass(frozen=True, kw_only=True)
class Journey:
    """One estate, the folder in which its operator works, and one method a step."""

    folder: Path
    environment: dict[str, str]
    truth: Truth
    graph: GraphServer
    chance: random.Random
    kills: int = 2
    longest: float = 120
    """Seconds that a command may take."""

    def begin(self):
        """Write what an operator has: ids of users, logs, and a map of some people."""
        truth = self.truth
        (self.folder / "users.txt").write_text("\n".join(truth.users))
        rows = [
            {"UserId": user, "ChatThreadId": thread}
            for thread, user in truth.lost.items()
        ]
        (self.folder / "log.json").write_text("\n".join(map(json.dumps, rows)))
        with (self.folder / "map.csv").open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(GUIDE)
            for number, user in enumerate(truth.users[::2]):
                is_mapped = number % 5 != 0
                status = "mapped" if is_mapped else "archive-only"
                table.writerow([user, f"entra-{number}" * is_mapped, "", status])

    def go(self, steps):
        self.begin()
        for step in steps:
            getattr(self, step)()

    # What an operator does, one after the other

    def doctor(self):
        """`doctor` finds that the chat service answers, and that no archive is named."""
        checks = self.examined(status=1)

        assert checks["chat service"] == "ok"
        assert [name for name, said in checks.items() if said == "failure"] == [
            "settings"
        ]

    def plan(self):
        """`backfill --dry-run` finds all, and archives nothing."""
        out = self.ran(*BACKFILL, "--run", "plan", "--dry-run", "planned", status=1)

        users, threads = len(self.truth.users), len(self.truth.threads)
        assert f"{threads} threads of {users} users to archive" in out, out
        assert "nothing was archived" in out
        assert not list((self.folder / "planned").glob("thread=*"))

    def archive(self):
        """`backfill --here` is killed at any moment, and goes on until all is done."""
        backfill = (*BACKFILL, "--here", ARCHIVE)
        threads = len(self.truth.threads)
        for _ in range(self.kills):
            process = self.started(*backfill, "--json")
            for _ in range(self.chance.randrange(threads // 20, threads // 5)):
                process.stdout.readline()
            time.sleep(self.chance.random() / 10)
            assert process.poll() is None, "it ended before it was killed"
            process.kill()
            process.communicate()
        out = self.ran(*backfill, status=1)

        assert f"{len(self.truth.lost)} unreachable" in out

    def report(self):
        """`report` has the numbers of the estate, in sum and of each thread."""
        truth, report = self.truth, self.reported("--identities", "map.csv")

        assert report["statuses"] == dict.fromkeys(report["statuses"], 0) | {
            status: len(truth.of_status(status))
            for status in (ARCHIVED, PARTIAL, UNREACHABLE, DELETED)
        }
        baseline = report["baseline"]
        sums = {name: truth.total(name) for name in SUMS}
        images = sums.pop("images")
        assert {name: baseline[name] for name in sums} == sums
        assert baseline["by_author_and_day"] == truth.by_author_and_day
        assert (report["files"], report["files_missing"]) == (images, 0)
        assert report["participants"] == truth.memberships
        users = report["users"]
        assert users["found"] == len(truth.users)
        assert sorted(user["id"] for user in users["not_asked"]) == sorted(truth.gone)
        assert sorted(users["in_no_thread"]) == sorted(truth.idle)
        assert report["doubts"] == [f"no token for {plural(len(truth.gone), 'user')}"]
        unmapped = truth.unmapped(self.decided()).values()
        assert report["without_identity"] == sorted(
            {author for authors in unmapped for author in authors}
        )
        rows = {row["thread_id"]: row for row in report["threads"]}
        assert rows.keys() == {thread.id for thread in truth.threads}
        for thread in truth.threads:
            assert shown(rows[thread.id]) == expected(thread)
        due = {
            thread_id: row["deletion_due_on"]
            for thread_id, row in rows.items()
            if row["deletion_due_on"]
        }
        assert due == truth.deletions_due

    def inventory(self):
        """`report --format inventory` has the guide's fields, as the estate has them."""
        options = ("--format", "inventory", "--identities", "map.csv")
        rows = json.loads(self.ran("report", ARCHIVE, *options, status=1))

        found = {row["sourceThreadId"]: row for row in rows}
        assert found.keys() == {thread.id for thread in self.truth.threads}
        unmapped = self.truth.unmapped(self.decided())
        for thread in self.truth.threads:
            row = found[thread.id]
            if thread.status not in READABLE:
                assert row["messageCount"] is None
                continue
            assert row["messageCount"] == thread.messages
            assert row["oldestMessageAt"] == (thread.first_on or None)
            assert row["newestMessageAt"] == (thread.last_on or None)
            assert row["containsAttachments"] == (thread.attachments > 0)
            assert row["containsUnmappedAuthors"] == (thread.id in unmapped)
            people = {who["acsUserId"]: who for who in row["participants"]}
            here = {who for who, said in people.items() if said["takesPart"]}
            assert here == set(thread.participants)
            is_meeting = thread.id.startswith("19:meeting_")
            assert row["targetStrategy"] in ("archive", "import")
            assert row["targetStrategy"] == "archive" or not is_meeting
        due = {
            thread_id: row["willBeDeletedOn"]
            for thread_id, row in found.items()
            if row["willBeDeletedOn"]
        }
        assert due == self.truth.deletions_due

    def people(self):
        """`people import` names everybody, and two of one name are two people."""
        names = {who: f"Staff {at}" for at, who in enumerate(self.truth.users)}
        with (self.folder / "staff.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("raw_id", "name"), *names.items()])
        self.ran("people", "import", "staff.csv", ARCHIVE)

        called = self.reported()["names"]
        for who, name in names.items():
            assert called[who].endswith(f"[{name}]")
        for people in self.truth.people_by_name.values():
            assert len({called[who] for who in people if who in names}) == len(
                names.keys() & set(people)
            )
        self.ran("export", ARCHIVE, "--single", "messages.csv")
        with (self.folder / "messages.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                assert row["sender_known_as"] == names.get(row["sender_id"], "")

    def accept(self):
        """`accept` closes what nobody can have, and then the report is complete."""
        lost = [f"--thread={thread}" for thread in self.truth.lost]
        gone = [f"--user={user}" for user in self.truth.gone]
        reason = ("--reason", "identities were deleted", "--by", "Dana")
        self.ran("accept", ARCHIVE, *lost, *gone, *reason, "--execute")

        report = self.reported(status=0)
        closed = len(self.truth.lost) + len(self.truth.of_status(DELETED))
        assert report["complete"]
        assert (report["missing"], report["closed"]) == (closed, closed)
        assert report["found"] == report["archived"] + closed
        assert report["messages"] == self.truth.total("messages")

    def outlive(self):
        """A report says the same once the run's own state is gone, with the account."""
        before = self.reported(status=0)
        (self.folder / f"{ARCHIVE}-control").rename(self.folder / "gone")
        after = self.reported(status=0)

        assert after.pop("kept_in_archive")
        assert not before.pop("kept_in_archive")
        assert before.pop("written_on") <= after.pop("written_on")
        assert after == before
        logs = self.folder / ARCHIVE / "archive-input/chat-logs"
        (log,) = logs.iterdir()
        assert len(log.read_bytes().splitlines()) == 1 + len(self.truth.lost)
        assert self.examined(ARCHIVE)["index"] == "ok"

    def verify(self):
        """`verify` finds every archive sealed, and there is one for each thread."""
        out = self.ran("verify", ARCHIVE)

        assert "VERIFIED" in out
        manifests = (self.folder / ARCHIVE).glob("thread=*/rev=*/manifest.json")
        readable = sum(len(self.truth.of_status(status)) for status in READABLE)
        assert len(list(manifests)) == readable

    def plan_import(self):
        """`export --format graph-import` has a status for every message there is."""
        export = ("export", ARCHIVE, "--format", "graph-import", "--output", "import")
        self.ran(*export, "--identities", "map.csv")

        folder, truth = self.folder / "import", self.truth
        found = {}
        for file in folder.rglob("graph-reconciliation.json"):
            document = json.loads(file.read_text())
            ledger = file.with_name("graph-ledger.jsonl").read_text().splitlines()
            statuses = Counter(json.loads(line)["status"] for line in ledger)
            assert +Counter(document["statuses"]) == statuses
            found[document["thread_id"]] = document
        readable = [row for row in truth.threads if row.status in READABLE]
        assert found.keys() == {row.id for row in readable}
        unmapped = truth.unmapped(self.decided())
        for row in readable:
            document = found[row.id]
            assert sum(document["statuses"].values()) == row.messages
            assert document["statuses"]["excluded"] == row.deleted
            assert document["baseline"]["messages"] == row.messages
            assert document["baseline"]["by_author_and_day"] == row.by_author_and_day
            authors = document["authors"].items()
            unresolved = [who for who, of in authors if of["mappingStatus"] == OPEN]
            assert unresolved == unmapped.get(row.id, [])
            is_meeting = row.id.startswith("19:meeting_")
            assert is_meeting == ("meeting" in " ".join(document["refusals"]))

    def move(self):
        """`teams run` is killed at any moment, and makes no message twice."""
        self.ran(*TEAMS, "run", *MAP)
        assert not self.graph.graph.chats
        for _ in range(self.kills):
            process = self.started(*TEAMS, "run", *MAP, "--execute")
            self.wait_for_posts(self.chance.randrange(1, 25), process)
            process.kill()
            process.communicate()
        self.ran(*TEAMS, "run", *MAP, "--execute")

        planned = self.planned_import()
        chats = {chat.id: chat for chat in self.graph.graph.chats.values()}
        imported = {
            thread_id: found["targetChatId"]
            for thread_id, found in self.reconciled().items()
            if found["targetChatId"]
        }
        wanted = {
            thread_id: document["statuses"]["ready"]
            for thread_id, document in planned.items()
            if not document["refusals"] and document["statuses"]["ready"]
        }
        assert imported.keys() == wanted.keys()
        assert chats.keys() == set(imported.values())
        for thread_id, chat_id in imported.items():
            assert len(self.graph.said(chats[chat_id])) == wanted[thread_id]

    def reconcile(self):
        """`teams reconcile` accounts for every message that can be read."""
        found = self.reconciled()

        rows = [row for row in self.truth.threads if row.status in READABLE]
        assert found.keys() == {row.id for row in rows}
        for row in rows:
            assert found[row.id]["problems"] == []
            counts = found[row.id]["statuses"]
            assert sum(counts.values()) == row.messages
            assert not any(counts[name] for name in ("ready", "sending", "failed"))

    def complete(self):
        """`teams complete` ends every migration, once all of it fits."""
        out = self.ran(*TEAMS, "complete", *MAP, "--execute")

        chats = self.graph.graph.chats.values()
        assert f"{plural(len(chats), 'chat')} completed, 0 not" in out
        assert {chat.mode for chat in chats} <= {"completed"}
        self.ran("verify", ARCHIVE)

    def delta(self):
        """What somebody says on the last day is archived, and imported too."""
        chats = {chat.id: chat for chat in self.graph.graph.chats.values()}
        moved = {
            thread_id: chats[found["targetChatId"]]
            for thread_id, found in self.reconciled().items()
            if found["targetChatId"]
        }
        thread, author = next(
            (row, who)
            for row in self.truth.threads
            for who in row.participants
            if row.id in moved and row.status == ARCHIVED and who in self.mapped()
        )
        before = len(self.graph.said(moved[thread.id]))
        self.say(thread.id, author, "One more.")
        out = self.ran(*BACKFILL[:3], "--since-last", "--here", ARCHIVE)
        assert out.count("ACCEPTED ") == len(self.truth.lost) + len(self.truth.gone)
        self.ran(*TEAMS, "run", *MAP, "--execute")

        assert len(self.graph.said(moved[thread.id])) == before + 1
        assert moved[thread.id].mode == "inProgress"
        out = self.ran(*TEAMS, "complete", *MAP, "--execute")
        assert "1 chat completed, 0 not" in out

    def certify(self):
        """`certificate` has the estate's numbers, and `verify` computes them again."""
        self.ran("certificate", ARCHIVE, "--by", "Dana Reed")

        truth = self.truth
        value = json.loads((self.folder / "certificate.json").read_text())
        numbers = value["certified"]
        assert numbers["complete"]
        assert set(numbers["sums"].values()) == {True}
        assert numbers["threads"]["found"] == len(truth.threads)
        assert numbers["inventory"]["threads"] == len(truth.threads)
        assert numbers["inventory"]["users"]["found"] == len(truth.users)
        assert numbers["messages"]["messages"] == truth.total("messages") + 1
        (log,) = numbers["chat_logs"]
        assert (log["threads"], log["threads_not_found"]) == (len(truth.lost), 0)
        (moved,) = numbers["imports"]
        assert moved["messages"] == moved["messages_in_archive"]
        said = (self.graph.said(chat) for chat in self.graph.graph.chats.values())
        assert moved["statuses"]["imported"] == sum(map(len, said))
        assert moved["chats_completed"] == moved["chats"]
        assert len(numbers["decisions"]) == len(truth.lost) + len(truth.gone)
        page = (self.folder / "certificate.html").read_text()
        in_part = len(truth.of_status(PARTIAL))
        assert f"<dt>archived ({in_part} of them in part)</dt>" in page
        self.ran("verify", ARCHIVE, "--certificate", "certificate.json")
        numbers["messages"]["edited"] += 1
        (self.folder / "forged.json").write_text(json.dumps(value))
        out = self.ran("verify", ARCHIVE, "--certificate", "forged.json", status=1)
        assert "messages.edited is not what the archive gives" in out

    # How it is done

    def mapped(self):
        """Return the users whom the map has an identity of."""
        with (self.folder / "map.csv").open(newline="") as file:
            return {
                row["acs_user_id"]
                for row in csv.DictReader(file)
                if row["status"] == "mapped"
            }

    def say(self, thread_id, user, text):
        """Say something in the chat service, as a user."""
        asyncio.run(self.said(thread_id, user, text))

    async def said(self, thread_id, user, text):
        access = self.environment["ACS_CONNECTION_STRING"]
        trust = {"connection_verify": self.environment["SSL_CERT_FILE"]}
        endpoint = access.removeprefix("endpoint=").partition(";")[0]
        who = CommunicationUserIdentifier(user)
        async with CommunicationIdentityClient.from_connection_string(
            access, **trust
        ) as identities:
            scopes = [CommunicationTokenScope.CHAT]
            token = (await identities.get_token(who, scopes)).token
        async with (
            CommunicationTokenCredential(token) as credential,
            ChatThreadClient(endpoint, credential, thread_id, **trust) as thread,
        ):
            await thread.send_message(text)

    def wait_for_posts(self, count, process):
        """Wait until so many more messages were sent."""
        wanted = self.posts() + count
        until = time.monotonic() + self.longest
        while self.posts() < wanted and process.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.005)

    def posts(self):
        return sum(path.endswith("/messages") for method, path in self.graph.requests
                   if method == "POST")  # fmt: skip

    def planned_import(self):
        """Return what `export` says of an import, by thread."""
        documents = (
            json.loads(file.read_text())
            for file in (self.folder / "import").rglob("graph-reconciliation.json")
        )
        return {document["thread_id"]: document for document in documents}

    def reconciled(self):
        out = self.ran(*TEAMS, "reconcile", *MAP, "--json")
        return {found["sourceThreadId"]: found for found in json.loads(out)}

    def decided(self):
        """Return of whom the map decides."""
        return set(self.truth.users[::2])

    def reported(self, *options, status=1):
        out = self.ran("report", ARCHIVE, "--json", *options, status=status)
        return json.loads(out)

    def examined(self, *archive, status=0):
        """Return the verdict of each line of `doctor`."""
        found = json.loads(self.ran("doctor", *archive, "--json", status=status))
        return {check["name"]: check["verdict"] for check in found["checks"]}

    def ran(self, *arguments, status=0):
        """Run a command to its end; return what it prints."""
        process = self.started(*arguments)
        out, err = process.communicate(timeout=self.longest)
        assert process.returncode == status, out[-2000:] + err[-2000:]
        assert "Traceback" not in err
        return out

    def started(self, *arguments):
        return subprocess.Popen(
            [sys.executable, "-m", "shared.cli.main", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


STEPS = (
    "doctor",
    "plan",
    "archive",
    "report",
    "inventory",
    "people",
    "accept",
    "verify",
    "plan_import",
    "move",
    "reconcile",
    "complete",
    "delta",
    "certify",
    "outlive",
)
"""The methods of `Journey` in their order. A step more is a method, and its name here."""
OF_MESSAGES = (
    "messages",
    "system",
    "edited",
    "deleted",
    "html",
    "attachments",
    "metadata",
    "first_on",
    "last_on",
)
OF_PROPERTIES = ("topic", "created_on", "deletion_due_on")


def shown(row):
    """Return what a report says of a thread that the truth knows too."""
    found = {name: row[name] for name in ("thread_id", "status")}
    if row["status"] not in READABLE:
        return found
    found |= {name: row[name] for name in (*OF_MESSAGES, *OF_PROPERTIES)}
    found |= {name: row[name] for name in ("participants", "files")}
    return found | {
        "kept_days": row["retention_policy"].get("deleteThreadAfterDays", 0)
    }


def expected(thread):
    """Return what a report has to say of a thread."""
    found = {"thread_id": thread.id, "status": thread.status}
    if thread.status not in READABLE:
        return found
    properties = {name: getattr(thread, name) for name in (*OF_PROPERTIES, "kept_days")}
    if not thread.has_readable_properties:
        properties = dict.fromkeys(properties, "") | {"kept_days": 0}
    return (
        found
        | {name: getattr(thread, name) for name in OF_MESSAGES}
        | {"participants": len(thread.participants), "files": thread.images}
        | properties
    )


@contextmanager
def journey(folder, *, users, threads, seed, **more):
    """Run a service with a varied estate, which throttles and fails, for a journey."""
    truth = folder / "truth.json"
    options = [
        *("--estate", f"{users}x{threads}", "--varied", "--seed", str(seed)),
        *("--truth-file", str(truth)),
        *TROUBLE,
    ]
    work = folder / "work"
    work.mkdir()
    az = fake_az(folder / "az")
    behaviour = {"throttle": 0.03, "fail": 0.03, "lose": 0.03, "lag": 0.02}
    with (
        chat_service(folder / "service", options) as chat,
        graph_server(**behaviour, chance=random.Random(seed)) as graph,
    ):
        signed_in = {
            "PATH": f"{az.parent}{os.pathsep}{os.environ['PATH']}",
            "AZURE_TOKEN_CREDENTIALS": "dev",
            "GRAPH_ENDPOINT": graph.address,
        }
        yield Journey(
            folder=work,
            environment={**chat.environment, **signed_in},
            graph=graph,
            truth=Truth.from_json(truth.read_text()),
            chance=random.Random(seed),
            **more,
        )
