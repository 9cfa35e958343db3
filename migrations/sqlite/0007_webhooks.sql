-- Messages to other programs. The addresses are audited like the book; `webhook_secrets` holds what the log must not: the log holds
-- digests. Messages are written in the transaction of the change they tell about; how far each came is not history anybody needs.
CREATE TABLE webhook_endpoints (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL CHECK (version >= 1),
    entity_id TEXT REFERENCES entities (id) DEFERRABLE INITIALLY DEFERRED,
    url TEXT NOT NULL,
    note TEXT NOT NULL,
    events TEXT NOT NULL,
    secrets TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('on', 'off', 'gone')),
    made_at INTEGER NOT NULL,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;

CREATE TABLE webhook_secrets (
    digest TEXT NOT NULL PRIMARY KEY CHECK (length(digest) = 64),
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id) DEFERRABLE INITIALLY DEFERRED,
    secret TEXT NOT NULL
) STRICT;
CREATE INDEX webhook_secrets_of ON webhook_secrets (endpoint_id);

CREATE TABLE webhook_deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id) DEFERRABLE INITIALLY DEFERRED,
    event TEXT NOT NULL,
    happened_at INTEGER NOT NULL,
    data TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up', 'dropped')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    next_at INTEGER NOT NULL,
    claim TEXT,
    last_at INTEGER,
    last_status INTEGER,
    last_error TEXT
) STRICT;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_at, id) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (next_at) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_of ON webhook_deliveries (endpoint_id, happened_at, id);
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (happened_at) WHERE state <> 'waiting';

-- When somebody who sends was there last.
CREATE TABLE webhook_sender (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seen_at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER webhook_endpoints_no_delete BEFORE DELETE ON webhook_endpoints BEGIN SELECT RAISE(ABORT, 'rows of webhook_endpoints are never removed'); END;

-- A finished import is told to whoever watches the books its lines are of.
CREATE INDEX lines_by_input ON bank_lines (input_digest, entity_id);
