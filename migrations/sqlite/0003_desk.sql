-- The desk: who works on a case, what was written on it, decisions that wait for a second person; and the index of the queue.

-- One row a case: the last lease. It binds others until `held_until`.
CREATE TABLE case_leases (
    case_id INTEGER NOT NULL PRIMARY KEY REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    held_by TEXT NOT NULL,
    taken_at INTEGER NOT NULL,
    held_until INTEGER NOT NULL CHECK (held_until >= taken_at),
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;

CREATE TABLE case_notes (
    id TEXT NOT NULL PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    author TEXT NOT NULL,
    written_at INTEGER NOT NULL,
    text TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 4000),
    mentions TEXT NOT NULL,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;
CREATE INDEX notes_by_case ON case_notes (case_id, written_at);

-- One row a case: the last proposal on it.
CREATE TABLE case_proposals (
    case_id INTEGER NOT NULL PRIMARY KEY REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    case_version INTEGER NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at INTEGER NOT NULL,
    candidate INTEGER,
    entries TEXT NOT NULL,
    state TEXT NOT NULL,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;

CREATE TRIGGER case_notes_no_update BEFORE UPDATE ON case_notes BEGIN SELECT RAISE(ABORT, 'case_notes is append-only'); END;
CREATE TRIGGER case_notes_no_delete BEFORE DELETE ON case_notes BEGIN SELECT RAISE(ABORT, 'case_notes is append-only'); END;
CREATE TRIGGER case_leases_no_delete BEFORE DELETE ON case_leases BEGIN SELECT RAISE(ABORT, 'rows of case_leases are never removed'); END;
CREATE TRIGGER case_proposals_no_delete BEFORE DELETE ON case_proposals BEGIN SELECT RAISE(ABORT, 'rows of case_proposals are never removed'); END;

CREATE INDEX decisions_by_case ON decisions (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX decisions_by_actor ON decisions (actor, decided_at);
CREATE INDEX items_of_customer_due ON items (customer_id, due_date);

-- The index of the queue. It follows from the audited tables and can be thrown away: `desk_progress` says up to which change
-- and under which policy it is made; the next look at the queue brings it up to date.
CREATE TABLE desk_progress (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    change_no INTEGER NOT NULL,
    made_under TEXT NOT NULL
) STRICT;
INSERT INTO desk_progress (id, seq, change_no, made_under) VALUES (1, 0, -1, '');

-- One row a case. The orders are stored so that ascending is the order shown.
CREATE TABLE desk_cases (
    case_id INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    pending INTEGER NOT NULL CHECK (pending IN (0, 1)),
    state TEXT NOT NULL,
    entity_id TEXT,
    kind TEXT NOT NULL,
    severity INTEGER NOT NULL,
    owner TEXT,
    snoozed_until TEXT,
    amount_minor INTEGER,
    currency TEXT,
    opened_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    risk_order INTEGER NOT NULL,
    rate_order INTEGER NOT NULL,
    group_key TEXT NOT NULL,
    customer_id TEXT,
    party TEXT,
    headline TEXT NOT NULL,
    candidates INTEGER NOT NULL,
    confidence INTEGER NOT NULL
) STRICT;
CREATE INDEX desk_by_risk ON desk_cases (pending, risk_order, case_id);
CREATE INDEX desk_by_age ON desk_cases (pending, opened_at, case_id);
CREATE INDEX desk_by_due ON desk_cases (pending, due_at, case_id);
CREATE INDEX desk_by_rate ON desk_cases (pending, rate_order, case_id);
CREATE INDEX desk_by_kind ON desk_cases (pending, kind, entity_id, snoozed_until, owner);
CREATE INDEX desk_kind_by_risk ON desk_cases (pending, kind, risk_order, case_id);
CREATE INDEX desk_by_owner ON desk_cases (pending, owner, risk_order, case_id) WHERE owner IS NOT NULL;
CREATE INDEX desk_by_group ON desk_cases (pending, group_key);
CREATE INDEX desk_by_customer ON desk_cases (customer_id, pending, case_id) WHERE customer_id IS NOT NULL;

-- Words of a case, folded; a search word finds what begins with it.
CREATE TABLE desk_terms (
    term TEXT NOT NULL,
    case_id INTEGER NOT NULL,
    PRIMARY KEY (term, case_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX desk_terms_of ON desk_terms (case_id, term);

-- What evidence claims, to find it from a payment.
CREATE TABLE desk_evidence (
    digest TEXT NOT NULL PRIMARY KEY,
    amount_minor INTEGER,
    currency TEXT,
    claimed_on TEXT
) STRICT;
CREATE INDEX desk_evidence_by_amount ON desk_evidence (currency, amount_minor);
CREATE TABLE desk_evidence_terms (
    term TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (term, digest)
) STRICT, WITHOUT ROWID;

-- What a person has set for themselves: saved views, keys. Who looks at which case. Neither is part of the book.
CREATE TABLE desk_settings (
    user_name TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (user_name, name)
) STRICT;
CREATE TABLE desk_presence (
    case_id INTEGER NOT NULL,
    user_name TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (case_id, user_name)
) STRICT;
CREATE INDEX presence_by_time ON desk_presence (seen_at);

-- First answers to requests that carried an idempotency key.
CREATE TABLE api_answers (
    user_name TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_digest TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    answered_at INTEGER NOT NULL,
    PRIMARY KEY (user_name, idempotency_key)
) STRICT;
CREATE INDEX answers_by_time ON api_answers (answered_at);
