"""The tables of an index, for people and their tools: docs/reading.md explains them.

Rule 1: `message` numbers messages by time: it is the message's id, which is epoch
        milliseconds, times SLOTS, or the next free number. So the newest come first
        without sorting.
Rule 2: the full-text tables hold folded words and no text, so that a text stands once;
        each is removed by saying the same words again.
Rule 3: a message whose row in `messages` says all of its only version has no row in
        `versions`.
Rule 4: `text` is what people read: of a deleted message, what it said before.
        `version` and `commitment` are those of the version that says it.
Rule 5: what nearly every message has takes no room: an id in `messages` is an integer
        where that says all of it, `version` is NULL where it is the id, and `problem`
        where the outcome is `matched`.
"""

import re

FORMAT = "2"
"""Changes with the tables, and with how texts are folded."""

BREAK = "\ue000"
"""Between the texts of versions, so that no phrase is found across two of them."""

SEARCH_TABLES = """
CREATE VIRTUAL TABLE IF NOT EXISTS message_search USING fts5(
  text, earlier, sender, content='', columnsize=0, tokenize='ascii'
);
CREATE VIRTUAL TABLE IF NOT EXISTS thread_search USING fts5(
  topic, people, content='', columnsize=0, tokenize='ascii'
);
"""
DROP_SEARCH_TABLES = """
DROP TABLE IF EXISTS message_search;
DROP TABLE IF EXISTS thread_search;
"""
SLOTS = 4
"""Numbers for the messages of one millisecond."""
OPTIMIZE = "INSERT INTO message_search (message_search) VALUES ('optimize')"
"""Makes one list of what was written in many steps: smaller, and faster to read."""
TABLES = f"""
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE ledger (leaf BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE unread (
  thread_key TEXT NOT NULL, thread_id TEXT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (thread_key, thread_id)
) WITHOUT ROWID;

CREATE TABLE threads (
  thread INTEGER PRIMARY KEY,
  thread_id TEXT NOT NULL UNIQUE,
  thread_key TEXT NOT NULL UNIQUE,
  topic TEXT NOT NULL,
  topic_folded TEXT NOT NULL,
  created_on TEXT NOT NULL,
  created_by TEXT NOT NULL,
  deleted_on TEXT NOT NULL,
  deleted_by TEXT NOT NULL,
  first_message_on TEXT NOT NULL,
  last_message_on TEXT NOT NULL,
  message_count INTEGER NOT NULL,
  edited_count INTEGER NOT NULL,
  deleted_count INTEGER NOT NULL,
  system_count INTEGER NOT NULL,
  visibility TEXT NOT NULL,
  grade TEXT NOT NULL,
  grade_reason TEXT NOT NULL,
  gaps TEXT NOT NULL,
  revision INTEGER NOT NULL,
  written_on TEXT NOT NULL,
  ledger_lines INTEGER NOT NULL
);
CREATE INDEX threads_by_last_message ON threads (last_message_on);

CREATE TABLE people (
  person INTEGER PRIMARY KEY,
  raw_id TEXT NOT NULL,
  name TEXT NOT NULL,
  known_as TEXT NOT NULL,
  name_folded TEXT NOT NULL,
  UNIQUE (raw_id, name, known_as)
);
CREATE TABLE directory (
  raw_id TEXT NOT NULL,
  place INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  name TEXT NOT NULL,
  mail TEXT NOT NULL,
  since TEXT NOT NULL,
  until TEXT NOT NULL,
  PRIMARY KEY (raw_id, place)
) WITHOUT ROWID;
CREATE TABLE participants (
  thread INTEGER NOT NULL REFERENCES threads (thread),
  person INTEGER NOT NULL REFERENCES people (person),
  takes_part INTEGER NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (thread, person)
) WITHOUT ROWID;
CREATE INDEX participants_by_person ON participants (person);

CREATE TABLE messages (
  message INTEGER PRIMARY KEY,
  thread INTEGER NOT NULL REFERENCES threads (thread),
  message_id NOT NULL,
  version INTEGER,
  type TEXT NOT NULL,
  is_system INTEGER NOT NULL,
  sender INTEGER REFERENCES people (person),
  created_on TEXT,
  edited_on TEXT,
  deleted_on TEXT,
  is_edited INTEGER NOT NULL,
  is_deleted INTEGER NOT NULL,
  is_erased INTEGER NOT NULL,
  text TEXT NOT NULL,
  file_count INTEGER NOT NULL,
  problem TEXT,
  commitment BLOB NOT NULL
);
CREATE INDEX messages_by_thread ON messages (thread, message_id);

CREATE TABLE versions (
  message INTEGER NOT NULL REFERENCES messages (message),
  place INTEGER NOT NULL,
  version INTEGER NOT NULL,
  kind TEXT NOT NULL,
  changed_on TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  text TEXT NOT NULL,
  is_erased INTEGER NOT NULL,
  commitment BLOB NOT NULL,
  PRIMARY KEY (message, place)
) WITHOUT ROWID;

CREATE TABLE files (
  thread INTEGER NOT NULL REFERENCES threads (thread),
  message_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  content_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  stored TEXT NOT NULL,
  revision INTEGER NOT NULL,
  is_erased INTEGER NOT NULL,
  PRIMARY KEY (thread, message_id, number)
) WITHOUT ROWID;

CREATE TABLE revisions (
  thread INTEGER NOT NULL REFERENCES threads (thread),
  revision INTEGER NOT NULL,
  written_on TEXT NOT NULL,
  grade TEXT NOT NULL,
  grade_reason TEXT NOT NULL,
  manifest TEXT NOT NULL,
  PRIMARY KEY (thread, revision)
) WITHOUT ROWID;

CREATE VIEW conversation AS
SELECT m.message, m.created_on, p.name AS sender_name,
  p.known_as AS sender_known_as, m.text, t.topic, m.is_edited,
  m.is_deleted, m.is_erased, m.file_count, m.type, t.thread_id,
  CAST(m.message_id AS TEXT) AS message_id, p.raw_id AS sender_id,
  coalesce(m.version, m.message_id) AS version,
  lower(hex(m.commitment)) AS commitment
FROM messages m JOIN threads t USING (thread) LEFT JOIN people p ON p.person = m.sender;

CREATE VIEW all_versions AS
SELECT t.thread_id, CAST(m.message_id AS TEXT) AS message_id, v.version, v.kind,
  v.changed_on, v.changed_by, v.text, v.is_erased,
  lower(hex(v.commitment)) AS commitment
FROM versions v JOIN messages m USING (message) JOIN threads t USING (thread)
UNION ALL
SELECT t.thread_id, CAST(m.message_id AS TEXT), coalesce(m.version, m.message_id),
  'received', coalesce(m.created_on, ''), coalesce(p.raw_id, ''), m.text, m.is_erased,
  lower(hex(m.commitment))
FROM messages m JOIN threads t USING (thread) LEFT JOIN people p ON p.person = m.sender
WHERE m.message NOT IN (SELECT message FROM versions);
{SEARCH_TABLES}"""
NAMES = frozenset(
    re.findall(
        r"CREATE (?:VIRTUAL )?(?:TABLE|VIEW|INDEX) (?:IF NOT EXISTS )?(\w+)", TABLES
    )
)
"""Every table, view and index of ours."""
