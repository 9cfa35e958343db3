-- Messages to other programs. The addresses are audited like the book; `webhook_secrets` holds what the log must not: the log holds
-- digests. Messages are written in the transaction of the change they tell about; how far each came is not history anybody needs.
CREATE TABLE webhook_endpoints (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL CHECK (version >= 1),
    entity_id TEXT COLLATE "C" REFERENCES entities (id) DEFERRABLE INITIALLY DEFERRED,
    url TEXT NOT NULL,
    note TEXT NOT NULL,
    events TEXT NOT NULL,
    secrets TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('on', 'off', 'gone')),
    made_at BIGINT NOT NULL,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);

CREATE TABLE webhook_secrets (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(digest) = 64),
    endpoint_id TEXT COLLATE "C" NOT NULL REFERENCES webhook_endpoints (id) DEFERRABLE INITIALLY DEFERRED,
    secret TEXT NOT NULL
);
CREATE INDEX webhook_secrets_of ON webhook_secrets (endpoint_id);

CREATE TABLE webhook_deliveries (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    endpoint_id TEXT COLLATE "C" NOT NULL REFERENCES webhook_endpoints (id) DEFERRABLE INITIALLY DEFERRED,
    event TEXT NOT NULL,
    happened_at BIGINT NOT NULL,
    data TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up', 'dropped')),
    attempts BIGINT NOT NULL CHECK (attempts >= 0),
    next_at BIGINT NOT NULL,
    claim TEXT,
    last_at BIGINT,
    last_status BIGINT,
    last_error TEXT
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_at, id) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (next_at) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_of ON webhook_deliveries (endpoint_id, happened_at, id);
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (happened_at) WHERE state <> 'waiting';

-- When somebody who sends was there last.
CREATE TABLE webhook_sender (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    seen_at BIGINT NOT NULL
);

CREATE TRIGGER webhook_endpoints_no_delete BEFORE DELETE ON webhook_endpoints FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER webhook_endpoints_no_truncate BEFORE TRUNCATE ON webhook_endpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');

-- A finished import is told to whoever watches the books its lines are of.
CREATE INDEX lines_by_input ON bank_lines (input_digest, entity_id);
