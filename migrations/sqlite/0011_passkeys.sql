-- Passkeys: the public half of keys people sign in with; the secret half never leaves their device. Audited like the book. The counter
-- of uses is not history anybody needs, but it only grows: one that goes back shows a copy.
CREATE TABLE passkeys (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 1400),
    user_id TEXT NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    handle TEXT NOT NULL CHECK (length(handle) = 32),
    name TEXT NOT NULL,
    public_key TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('on', 'removed', 'copied')),
    ended_at INTEGER,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK ((state = 'on') = (ended_at IS NULL))
) STRICT;
CREATE INDEX passkeys_of_user ON passkeys (user_id);

CREATE TABLE passkey_uses (
    passkey_id TEXT NOT NULL PRIMARY KEY REFERENCES passkeys (id) DEFERRABLE INITIALLY DEFERRED,
    counter INTEGER NOT NULL CHECK (counter >= 0),
    used_at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER passkeys_no_delete BEFORE DELETE ON passkeys BEGIN SELECT RAISE(ABORT, 'rows of passkeys are never removed'); END;
CREATE TRIGGER passkey_uses_no_delete BEFORE DELETE ON passkey_uses BEGIN SELECT RAISE(ABORT, 'rows of passkey_uses are never removed'); END;
CREATE TRIGGER passkey_uses_grow BEFORE UPDATE ON passkey_uses
WHEN NEW.passkey_id <> OLD.passkey_id OR NEW.counter < OLD.counter
BEGIN SELECT RAISE(ABORT, 'the counter of a passkey only grows'); END;
