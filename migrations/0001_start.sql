-- Everything is found by project first. No index that no query uses: each costs a written row.
-- What each table is for, who reads it and how long a row lives: README, "What is stored".

CREATE TABLE projects (
  id TEXT PRIMARY KEY,
  -- 1 for the one that exists from the start, NULL for others; UNIQUE makes two first starts at once agree.
  first INTEGER UNIQUE CHECK (first = 1),
  name TEXT NOT NULL,
  -- JSON: what differs from the defaults in src/domain/projects/settings.ts.
  settings TEXT NOT NULL,
  -- Sealed. Names ledgers; never rotated.
  route_key BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- Gone for everyone; cron removes the row when nothing of the project is left.
  deleted_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
  project_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  -- SHA-256 of the whole key: 256 random bits need no slow hash.
  hash TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER,
  expires_at INTEGER,
  revoked_at INTEGER,
  PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
  project_id TEXT NOT NULL,
  id TEXT NOT NULL,
  -- What the application calls itself by: the id, unless it moved here with its own.
  client_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- SHA-256; NULL for a public client.
  secret_hash TEXT,
  -- JSON: arrays of texts.
  redirect_uris TEXT NOT NULL,
  post_logout_redirect_uris TEXT NOT NULL,
  grant_types TEXT NOT NULL,
  scopes TEXT NOT NULL,
  token_endpoint_auth_method TEXT NOT NULL,
  require_pkce INTEGER NOT NULL,
  id_token_signed_response_alg TEXT NOT NULL,
  -- NULL: the project's.
  access_ttl INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX clients_client_id ON clients (project_id, client_id);

CREATE TABLE users (
  project_id TEXT NOT NULL,
  id TEXT NOT NULL,
  first_name TEXT,
  last_name TEXT,
  type TEXT NOT NULL,
  role TEXT,
  business_id TEXT,
  external_id TEXT,
  status TEXT NOT NULL CHECK (status IN ('ACTIVE', 'INACTIVE', 'PENDING')),
  locale TEXT,
  metadata TEXT NOT NULL,
  -- Milliseconds: what was minted before is worthless (deactivated, address changed, address released by another).
  not_before INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  last_sign_in_at INTEGER,
  PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_external_id ON users (project_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX users_business_id ON users (project_id, business_id) WHERE business_id IS NOT NULL;

CREATE TABLE identifiers (
  project_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('email', 'phone')),
  -- The one key: spellings that differ in case cannot both exist.
  canonical TEXT NOT NULL,
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  -- What mail is sent to, as it was first given.
  value TEXT NOT NULL,
  verified_at INTEGER,
  created_at INTEGER NOT NULL,
  -- Milliseconds. Kept for 7 days after its user was deleted or left it, so that an older link brings nobody back.
  released_at INTEGER,
  PRIMARY KEY (project_id, kind, canonical)
) STRICT, WITHOUT ROWID;
CREATE INDEX identifiers_user ON identifiers (project_id, user_id);

CREATE TABLE sessions (
  project_id TEXT NOT NULL,
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  client_id TEXT,
  organization_id TEXT,
  amr TEXT NOT NULL,
  ip TEXT,
  user_agent TEXT,
  created_at INTEGER NOT NULL,
  last_active_at INTEGER NOT NULL,
  idle_ttl INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  -- SHA-256 of the single sign-on cookie; NULL where the session has none.
  cookie_hash TEXT,
  PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (project_id, user_id);

CREATE TABLE refresh_families (
  project_id TEXT NOT NULL,
  id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  -- The client or API key that may refresh.
  client_id TEXT NOT NULL,
  -- JSON: audience and claims of the tokens.
  grant_data TEXT NOT NULL,
  generation INTEGER NOT NULL,
  -- Milliseconds: the previous generation gets the same successor for 10 s.
  rotated_at INTEGER NOT NULL,
  ended_at INTEGER,
  PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_keys (
  project_id TEXT NOT NULL,
  alg TEXT NOT NULL,
  generation INTEGER NOT NULL,
  kid TEXT NOT NULL,
  public_jwk TEXT NOT NULL,
  -- Sealed.
  private_jwk BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  -- Published before, signs from then on.
  use_from INTEGER NOT NULL,
  PRIMARY KEY (project_id, alg, generation)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
  project_id TEXT NOT NULL,
  id TEXT NOT NULL,
  challenge_id TEXT,
  user_id TEXT,
  identifier_id TEXT,
  channel TEXT NOT NULL,
  to_masked TEXT NOT NULL,
  template TEXT NOT NULL,
  locale TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'failed', 'suppressed', 'bounced')),
  provider TEXT,
  provider_id TEXT,
  timeline TEXT NOT NULL,
  -- Sealed: link and code. Erased when the message is accepted or has failed.
  secrets BLOB,
  -- Sealed: everything else that rendering needs, for a resend, and the address. Erased when the challenge has expired.
  input BLOB,
  -- Milliseconds: when cron looks at it, for another attempt or to erase the input; NULL when nothing is left to do.
  due_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_due ON messages (project_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_challenge ON messages (project_id, challenge_id) WHERE challenge_id IS NOT NULL;

CREATE TABLE events (
  project_id TEXT NOT NULL,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  user_id TEXT,
  data TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;
