-- Addresses that nothing is sent to any more: they bounced for good, or somebody marked our mail as spam.
CREATE TABLE suppressions (
  project_id TEXT NOT NULL,
  -- As in identifiers: what spellings that differ in case share.
  canonical TEXT NOT NULL,
  id TEXT NOT NULL,
  -- What the list shows.
  address TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('bounced', 'complained', 'manual')),
  provider TEXT,
  detail TEXT,
  message_id TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (project_id, canonical)
) STRICT, WITHOUT ROWID;

-- A project's own mails, in place of ours: Mustache, checked when it was stored.
CREATE TABLE templates (
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  locale TEXT NOT NULL,
  subject TEXT NOT NULL,
  html TEXT NOT NULL,
  -- NULL: made from the HTML.
  text TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (project_id, name, locale)
) STRICT, WITHOUT ROWID;

-- How far each of cron's walks through a table has come, so that one run is short however large the table is.
CREATE TABLE walks (
  name TEXT PRIMARY KEY,
  -- JSON: the primary key of the last row that was looked at.
  position TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- For the count in /healthz; written for failed messages alone.
CREATE INDEX messages_failed ON messages (project_id, id) WHERE status = 'failed';
