-- People who sign in. What decides who may do what is audited like the book; sessions, tickets and failed attempts live and
-- die without a trace in the log. `secrets` holds what the log must not: the log holds its digest, in `credentials`.

CREATE TABLE users (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT,
    language TEXT,
    grants TEXT NOT NULL,
    issuer TEXT COLLATE "C",
    subject TEXT COLLATE "C",
    is_disabled BIGINT NOT NULL CHECK (is_disabled IN (0, 1)),
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK ((issuer IS NULL) = (subject IS NULL)),
    UNIQUE (issuer, subject)
);

CREATE TABLE credentials (
    user_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    what TEXT NOT NULL,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);

CREATE TABLE api_tokens (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL UNIQUE CHECK (length(hash) = 64),
    made_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);
CREATE INDEX api_tokens_of_user ON api_tokens (user_id);

-- Last use of a token, written once a minute at most.
CREATE TABLE token_uses (
    token_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES api_tokens (id) DEFERRABLE INITIALLY DEFERRED,
    used_at BIGINT NOT NULL
);

-- Password hash, secret of the one-time codes, hashes of recovery codes; `totp_step` is the last step of a code that was used.
CREATE TABLE secrets (
    user_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    content TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    totp_step BIGINT NOT NULL
);

CREATE TABLE used_recovery_codes (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    hash TEXT COLLATE "C" NOT NULL CHECK (length(hash) = 64),
    used_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, hash)
);

-- The cookie's secret is not here, only its hash: who reads this table cannot act as anybody.
CREATE TABLE sessions (
    hash TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(hash) = 64),
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    proved_at BIGINT NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (ends_at);

CREATE TABLE tickets (
    hash TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(hash) = 64),
    kind TEXT NOT NULL,
    user_id TEXT COLLATE "C" REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    content TEXT NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX tickets_of_user ON tickets (user_id);
CREATE INDEX tickets_by_end ON tickets (ends_at);

CREATE TABLE sign_in_attempts (
    attempt_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL CHECK (failures >= 1),
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE INDEX sign_in_attempts_by_last ON sign_in_attempts (last_at);

-- For the pages: customers by name, what was posted on a customer's account, what was decided when.
CREATE INDEX customers_by_name ON customers (name, id);
CREATE INDEX postings_by_customer ON postings (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX decisions_by_time ON decisions (decided_at);

-- People, what they proved with and their tokens are never removed: decisions carry their names.
CREATE TRIGGER users_no_delete BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER users_no_truncate BEFORE TRUNCATE ON users FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER credentials_no_delete BEFORE DELETE ON credentials FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER credentials_no_truncate BEFORE TRUNCATE ON credentials FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER api_tokens_no_delete BEFORE DELETE ON api_tokens FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER api_tokens_no_truncate BEFORE TRUNCATE ON api_tokens FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER secrets_no_delete BEFORE DELETE ON secrets FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER secrets_no_truncate BEFORE TRUNCATE ON secrets FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER used_recovery_codes_no_delete BEFORE DELETE ON used_recovery_codes FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER used_recovery_codes_no_truncate BEFORE TRUNCATE ON used_recovery_codes FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
-- A code used once stays used.
CREATE TRIGGER secrets_step_grows BEFORE UPDATE ON secrets FOR EACH ROW
WHEN (NEW.user_id <> OLD.user_id OR NEW.totp_step < OLD.totp_step OR NEW.version < OLD.version)
EXECUTE FUNCTION refuse('the step of one-time codes and the version only grow');
