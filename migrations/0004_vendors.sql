-- Streambird names an address or a number by its id.
CREATE INDEX identifiers_id ON identifiers (project_id, id);

-- 1Kosmos: the key pair that a community's clients encrypt to.
CREATE TABLE community_keys (
  project_id TEXT NOT NULL,
  -- Sealed.
  private_key BLOB NOT NULL,
  public_key BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (project_id)
) STRICT, WITHOUT ROWID;

-- 1Kosmos: requests that were taken. The id begins with the request's own time.
CREATE TABLE request_ids (
  project_id TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;
