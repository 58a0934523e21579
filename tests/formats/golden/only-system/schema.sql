-- Views over all threads. In the folder that holds thread=…/ run any copy:
-- duckdb -init thread=…/rev=…/schema.sql, or duckdb.sql(its text) in Python

--   thread_id: the thread
--   thread_topic: the thread's topic, or empty
--   message_id: unique inside its thread; epoch milliseconds
--   version: epoch milliseconds of the last change
--   sequence_id: the service's number; changes with an edit
--   type: text, html, topicUpdated, participantAdded, …
--   sender_id: raw id; empty for a system message
--   sender_kind: acs_user, teams_user, teams_visitor, …, or empty
--   sender_name: display name
--   created_on: RFC 3339, UTC
--   edited_on: RFC 3339, UTC, or empty
--   deleted_on: RFC 3339, UTC, or empty
--   is_edited: whether it was edited
--   is_deleted: whether it was deleted
--   is_erased: whether its content was erased on request
--   content_type: text, html or system
--   content: the current content; JSON for a system message
--   attachment_count: how many files its versions name, in any way
--   attachments: JSON, or empty
--   metadata: JSON, or empty
--   version_count: how many versions are known
--   outcome: the result of reconciling
--   listed: what a listing tells otherwise, JSON, or empty
--   sources: event, listing, or event+listing
--   commitment: salted hash of the line that tells it
--   grade: how far the thread's archive can be relied on
--   grade_reason: why it is not complete, or empty
CREATE OR REPLACE VIEW messages AS
WITH finished AS (
  SELECT parse_path(file)[-3] AS thread, parse_path(file)[-2] AS revision
  FROM glob('thread=*/rev=*/manifest.json')
  INTERSECT
  SELECT parse_path(file)[-3], parse_path(file)[-2]
  FROM glob('thread=*/rev=*/messages.jsonl')
), newest AS (
  SELECT thread, arg_max(revision, revision[5:]::INTEGER) AS revision
  FROM finished GROUP BY thread
)
SELECT * EXCLUDE (filename) FROM read_json('thread=*/rev=*/messages.jsonl',
  format = 'newline_delimited', hive_partitioning = true, filename = true,
  columns = {
    thread_id: 'VARCHAR',
    thread_topic: 'VARCHAR',
    message_id: 'VARCHAR',
    version: 'BIGINT',
    sequence_id: 'VARCHAR',
    type: 'VARCHAR',
    sender_id: 'VARCHAR',
    sender_kind: 'VARCHAR',
    sender_name: 'VARCHAR',
    created_on: 'VARCHAR',
    edited_on: 'VARCHAR',
    deleted_on: 'VARCHAR',
    is_edited: 'BOOLEAN',
    is_deleted: 'BOOLEAN',
    is_erased: 'BOOLEAN',
    content_type: 'VARCHAR',
    content: 'VARCHAR',
    attachment_count: 'BIGINT',
    attachments: 'VARCHAR',
    metadata: 'VARCHAR',
    version_count: 'BIGINT',
    outcome: 'VARCHAR',
    listed: 'VARCHAR',
    sources: 'VARCHAR',
    commitment: 'VARCHAR',
    grade: 'VARCHAR',
    grade_reason: 'VARCHAR'
  })
WHERE (parse_path(filename)[-3], parse_path(filename)[-2])
  IN (SELECT (thread, revision) FROM newest);

--   thread_id: the thread
--   message_id: unique inside its thread
--   version: epoch milliseconds of this change
--   kind: received, edited or deleted
--   changed_on: RFC 3339, UTC, or empty
--   changed_by: raw id, or unknown
--   type: type of the message then
--   sender_id: raw id of the message's sender
--   sender_name: display name
--   is_erased: whether its content was erased on request
--   content_type: text, html or system
--   content: the content of this version
--   attachments: JSON, or empty
--   metadata: JSON, or empty
--   listed: what a listing tells otherwise, JSON, or empty
--   sources: event, listing, or event+listing
--   commitment: salted hash of the line that tells it
CREATE OR REPLACE VIEW history AS
WITH finished AS (
  SELECT parse_path(file)[-3] AS thread, parse_path(file)[-2] AS revision
  FROM glob('thread=*/rev=*/manifest.json')
  INTERSECT
  SELECT parse_path(file)[-3], parse_path(file)[-2]
  FROM glob('thread=*/rev=*/history.jsonl')
), newest AS (
  SELECT thread, arg_max(revision, revision[5:]::INTEGER) AS revision
  FROM finished GROUP BY thread
)
SELECT * EXCLUDE (filename) FROM read_json('thread=*/rev=*/history.jsonl',
  format = 'newline_delimited', hive_partitioning = true, filename = true,
  columns = {
    thread_id: 'VARCHAR',
    message_id: 'VARCHAR',
    version: 'BIGINT',
    kind: 'VARCHAR',
    changed_on: 'VARCHAR',
    changed_by: 'VARCHAR',
    type: 'VARCHAR',
    sender_id: 'VARCHAR',
    sender_name: 'VARCHAR',
    is_erased: 'BOOLEAN',
    content_type: 'VARCHAR',
    content: 'VARCHAR',
    attachments: 'VARCHAR',
    metadata: 'VARCHAR',
    listed: 'VARCHAR',
    sources: 'VARCHAR',
    commitment: 'VARCHAR'
  })
WHERE (parse_path(filename)[-3], parse_path(filename)[-2])
  IN (SELECT (thread, revision) FROM newest);

--   thread_id: the thread
--   reader_id: raw id of who had read so far
--   reader_name: display name
--   message_id: up to which message
--   read_on: RFC 3339, UTC, or empty
CREATE OR REPLACE VIEW receipts AS
WITH finished AS (
  SELECT parse_path(file)[-3] AS thread, parse_path(file)[-2] AS revision
  FROM glob('thread=*/rev=*/manifest.json')
  INTERSECT
  SELECT parse_path(file)[-3], parse_path(file)[-2]
  FROM glob('thread=*/rev=*/receipts.jsonl')
), newest AS (
  SELECT thread, arg_max(revision, revision[5:]::INTEGER) AS revision
  FROM finished GROUP BY thread
)
SELECT * EXCLUDE (filename) FROM read_json('thread=*/rev=*/receipts.jsonl',
  format = 'newline_delimited', hive_partitioning = true, filename = true,
  columns = {
    thread_id: 'VARCHAR',
    reader_id: 'VARCHAR',
    reader_name: 'VARCHAR',
    message_id: 'VARCHAR',
    read_on: 'VARCHAR'
  })
WHERE (parse_path(filename)[-3], parse_path(filename)[-2])
  IN (SELECT (thread, revision) FROM newest);
