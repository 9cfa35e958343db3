-- Passkeys: the public half of keys people sign in with; the secret half never leaves their device. Audited like the book. The counter
-- of uses is not history anybody needs, but it only grows: one that goes back shows a copy.
CREATE TABLE passkeys (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 1400),
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    handle TEXT NOT NULL CHECK (length(handle) = 32),
    name TEXT NOT NULL,
    public_key TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('on', 'removed', 'copied')),
    ended_at BIGINT,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK ((state = 'on') = (ended_at IS NULL))
);
CREATE INDEX passkeys_of_user ON passkeys (user_id);

CREATE TABLE passkey_uses (
    passkey_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES passkeys (id) DEFERRABLE INITIALLY DEFERRED,
    counter BIGINT NOT NULL CHECK (counter >= 0),
    used_at BIGINT NOT NULL
);

CREATE TRIGGER passkeys_no_delete BEFORE DELETE ON passkeys FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER passkeys_no_truncate BEFORE TRUNCATE ON passkeys FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER passkey_uses_no_delete BEFORE DELETE ON passkey_uses FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER passkey_uses_no_truncate BEFORE TRUNCATE ON passkey_uses FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER passkey_uses_grow BEFORE UPDATE ON passkey_uses FOR EACH ROW
WHEN (NEW.passkey_id <> OLD.passkey_id OR NEW.counter < OLD.counter)
EXECUTE FUNCTION refuse('the counter of a passkey only grows');
