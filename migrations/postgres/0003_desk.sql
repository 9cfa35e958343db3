-- The desk: who works on a case, what was written on it, decisions that wait for a second person; and the index of the queue.

-- One row a case: the last lease. It binds others until `held_until`.
CREATE TABLE case_leases (
    case_id BIGINT NOT NULL PRIMARY KEY REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    held_by TEXT NOT NULL,
    taken_at BIGINT NOT NULL,
    held_until BIGINT NOT NULL CHECK (held_until >= taken_at),
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);

CREATE TABLE case_notes (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    case_id BIGINT NOT NULL REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    author TEXT NOT NULL,
    written_at BIGINT NOT NULL,
    text TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 4000),
    mentions TEXT NOT NULL,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);
CREATE INDEX notes_by_case ON case_notes (case_id, written_at);

-- One row a case: the last proposal on it.
CREATE TABLE case_proposals (
    case_id BIGINT NOT NULL PRIMARY KEY REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    case_version BIGINT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at BIGINT NOT NULL,
    candidate BIGINT,
    entries TEXT NOT NULL,
    state TEXT NOT NULL,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);

CREATE TRIGGER case_notes_no_change BEFORE UPDATE OR DELETE ON case_notes FOR EACH ROW EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER case_notes_no_truncate BEFORE TRUNCATE ON case_notes FOR EACH STATEMENT EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER case_leases_no_delete BEFORE DELETE ON case_leases FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER case_leases_no_truncate BEFORE TRUNCATE ON case_leases FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER case_proposals_no_delete BEFORE DELETE ON case_proposals FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER case_proposals_no_truncate BEFORE TRUNCATE ON case_proposals FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');

CREATE INDEX decisions_by_case ON decisions (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX decisions_by_actor ON decisions (actor, decided_at);
CREATE INDEX items_of_customer_due ON items (customer_id, due_date);

-- The index of the queue. It follows from the audited tables and can be thrown away: `desk_progress` says up to which change
-- and under which policy it is made; the next look at the queue brings it up to date.
CREATE TABLE desk_progress (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,
    change_no BIGINT NOT NULL,
    made_under TEXT NOT NULL
);
INSERT INTO desk_progress (id, seq, change_no, made_under) VALUES (1, 0, -1, '');

-- One row a case. The orders are stored so that ascending is the order shown.
CREATE TABLE desk_cases (
    case_id BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    pending BIGINT NOT NULL CHECK (pending IN (0, 1)),
    state TEXT COLLATE "C" NOT NULL,
    entity_id TEXT COLLATE "C",
    kind TEXT COLLATE "C" NOT NULL,
    severity BIGINT NOT NULL,
    owner TEXT COLLATE "C",
    snoozed_until TEXT COLLATE "C",
    amount_minor BIGINT,
    currency TEXT COLLATE "C",
    opened_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    risk_order BIGINT NOT NULL,
    rate_order BIGINT NOT NULL,
    group_key TEXT COLLATE "C" NOT NULL,
    customer_id TEXT COLLATE "C",
    party TEXT,
    headline TEXT NOT NULL,
    candidates BIGINT NOT NULL,
    confidence BIGINT NOT NULL
);
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
    term TEXT COLLATE "C" NOT NULL,
    case_id BIGINT NOT NULL,
    PRIMARY KEY (term, case_id)
);
CREATE INDEX desk_terms_of ON desk_terms (case_id, term);

-- What evidence claims, to find it from a payment.
CREATE TABLE desk_evidence (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    amount_minor BIGINT,
    currency TEXT COLLATE "C",
    claimed_on TEXT COLLATE "C"
);
CREATE INDEX desk_evidence_by_amount ON desk_evidence (currency, amount_minor);
CREATE TABLE desk_evidence_terms (
    term TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (term, digest)
);

-- What a person has set for themselves: saved views, keys. Who looks at which case. Neither is part of the book.
CREATE TABLE desk_settings (
    user_name TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (user_name, name)
);
CREATE TABLE desk_presence (
    case_id BIGINT NOT NULL,
    user_name TEXT COLLATE "C" NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (case_id, user_name)
);
CREATE INDEX presence_by_time ON desk_presence (seen_at);

-- First answers to requests that carried an idempotency key.
CREATE TABLE api_answers (
    user_name TEXT COLLATE "C" NOT NULL,
    idempotency_key TEXT COLLATE "C" NOT NULL,
    request_digest TEXT NOT NULL,
    status BIGINT NOT NULL,
    body TEXT NOT NULL,
    answered_at BIGINT NOT NULL,
    PRIMARY KEY (user_name, idempotency_key)
);
CREATE INDEX answers_by_time ON api_answers (answered_at);
