-- Messages of the chat on their way to becoming evidence, and how far our own have come. What becomes of a message is in the log as
-- evidence; these rows say only what waits, and what came before, so that a message brought twice is taken once.
CREATE TABLE chat_messages (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sender TEXT NOT NULL,
    name TEXT,
    sent_at BIGINT,
    received_at BIGINT NOT NULL,
    content TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'taken')),
    attempts BIGINT NOT NULL CHECK (attempts >= 0),
    next_at BIGINT NOT NULL,
    claim TEXT,
    outcome TEXT
);
CREATE INDEX chat_messages_waiting ON chat_messages (next_at, id) WHERE state = 'waiting';

CREATE TABLE chat_steps (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    step BIGINT NOT NULL CHECK (step BETWEEN 0 AND 3),
    at BIGINT
);

-- The draft of a message about a case: words of a person around facts of the ledger. Nothing is sent from here.
CREATE TABLE case_drafts (
    case_id BIGINT NOT NULL PRIMARY KEY REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    version BIGINT NOT NULL CHECK (version >= 1),
    language TEXT NOT NULL,
    template TEXT NOT NULL,
    text TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);

CREATE TRIGGER case_drafts_no_delete BEFORE DELETE ON case_drafts FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER case_drafts_no_truncate BEFORE TRUNCATE ON case_drafts FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
