-- People who sign in. What decides who may do what is audited like the book; sessions, tickets and failed attempts live and
-- die without a trace in the log. `secrets` holds what the log must not: the log holds its digest, in `credentials`.

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT,
    language TEXT,
    grants TEXT NOT NULL,
    issuer TEXT,
    subject TEXT,
    is_disabled INTEGER NOT NULL CHECK (is_disabled IN (0, 1)),
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK ((issuer IS NULL) = (subject IS NULL)),
    UNIQUE (issuer, subject)
) STRICT;

CREATE TABLE credentials (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    what TEXT NOT NULL,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;

CREATE TABLE api_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),
    made_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;
CREATE INDEX api_tokens_of_user ON api_tokens (user_id);

-- Last use of a token, written once a minute at most.
CREATE TABLE token_uses (
    token_id TEXT NOT NULL PRIMARY KEY REFERENCES api_tokens (id) DEFERRABLE INITIALLY DEFERRED,
    used_at INTEGER NOT NULL
) STRICT;

-- Password hash, secret of the one-time codes, hashes of recovery codes; `totp_step` is the last step of a code that was used.
CREATE TABLE secrets (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    content TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    totp_step INTEGER NOT NULL
) STRICT;

CREATE TABLE used_recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    used_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, hash)
) STRICT;

-- The cookie's secret is not here, only its hash: who reads this table cannot act as anybody.
CREATE TABLE sessions (
    hash TEXT NOT NULL PRIMARY KEY CHECK (length(hash) = 64),
    user_id TEXT NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    proved_at INTEGER NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (ends_at);

CREATE TABLE tickets (
    hash TEXT NOT NULL PRIMARY KEY CHECK (length(hash) = 64),
    kind TEXT NOT NULL,
    user_id TEXT REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    content TEXT NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT;
CREATE INDEX tickets_of_user ON tickets (user_id);
CREATE INDEX tickets_by_end ON tickets (ends_at);

CREATE TABLE sign_in_attempts (
    attempt_key TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL CHECK (failures >= 1),
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_attempts_by_last ON sign_in_attempts (last_at);

-- For the pages: customers by name, what was posted on a customer's account, what was decided when.
CREATE INDEX customers_by_name ON customers (name, id);
CREATE INDEX postings_by_customer ON postings (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX decisions_by_time ON decisions (decided_at);

-- People, what they proved with and their tokens are never removed: decisions carry their names.
CREATE TRIGGER users_no_delete BEFORE DELETE ON users BEGIN SELECT RAISE(ABORT, 'rows of users are never removed'); END;
CREATE TRIGGER credentials_no_delete BEFORE DELETE ON credentials BEGIN SELECT RAISE(ABORT, 'rows of credentials are never removed'); END;
CREATE TRIGGER api_tokens_no_delete BEFORE DELETE ON api_tokens BEGIN SELECT RAISE(ABORT, 'rows of api_tokens are never removed'); END;
CREATE TRIGGER secrets_no_delete BEFORE DELETE ON secrets BEGIN SELECT RAISE(ABORT, 'rows of secrets are never removed'); END;
CREATE TRIGGER used_recovery_codes_no_delete BEFORE DELETE ON used_recovery_codes BEGIN SELECT RAISE(ABORT, 'rows of used_recovery_codes are never removed'); END;
-- A code used once stays used.
CREATE TRIGGER secrets_step_grows BEFORE UPDATE ON secrets
WHEN NEW.user_id <> OLD.user_id OR NEW.totp_step < OLD.totp_step OR NEW.version < OLD.version
BEGIN SELECT RAISE(ABORT, 'the step of one-time codes and the version only grow'); END;
