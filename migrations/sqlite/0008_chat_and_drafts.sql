-- Messages of the chat on their way to becoming evidence, and how far our own have come. What becomes of a message is in the log as
-- evidence; these rows say only what waits, and what came before, so that a message brought twice is taken once.
CREATE TABLE chat_messages (
    id TEXT NOT NULL PRIMARY KEY,
    sender TEXT NOT NULL,
    name TEXT,
    sent_at INTEGER,
    received_at INTEGER NOT NULL,
    content TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'taken')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    next_at INTEGER NOT NULL,
    claim TEXT,
    outcome TEXT
) STRICT;
CREATE INDEX chat_messages_waiting ON chat_messages (next_at, id) WHERE state = 'waiting';

CREATE TABLE chat_steps (
    id TEXT NOT NULL PRIMARY KEY,
    step INTEGER NOT NULL CHECK (step BETWEEN 0 AND 3),
    at INTEGER
) STRICT;

-- The draft of a message about a case: words of a person around facts of the ledger. Nothing is sent from here.
CREATE TABLE case_drafts (
    case_id INTEGER NOT NULL PRIMARY KEY REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    version INTEGER NOT NULL CHECK (version >= 1),
    language TEXT NOT NULL,
    template TEXT NOT NULL,
    text TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    saved_at INTEGER NOT NULL,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;

CREATE TRIGGER case_drafts_no_delete BEFORE DELETE ON case_drafts BEGIN SELECT RAISE(ABORT, 'rows of case_drafts are never removed'); END;
