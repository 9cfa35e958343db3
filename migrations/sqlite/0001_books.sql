-- The whole book. Every row of an audited table names the change that made it what it is: `audit_seq` (the entry) and
-- `change_no` (from 0, within the entry). Money is two columns; instants are microseconds since 1970 in UTC; civil dates are
-- ISO 8601 text. Foreign keys are deferred: the changes of one change set may name each other in any order.

CREATE TABLE audit_entries (
    seq INTEGER NOT NULL PRIMARY KEY CHECK (seq >= 1),
    entered_at INTEGER NOT NULL,
    actor TEXT NOT NULL CHECK (actor = 'rule' OR actor GLOB 'person:*'),
    changes TEXT NOT NULL,
    previous TEXT NOT NULL CHECK (length(previous) = 64),
    hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64)
) STRICT;

-- One row: the last entry. Who writes an entry holds this row.
CREATE TABLE chain_head (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL CHECK (seq >= 0),
    hash TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;
INSERT INTO chain_head (id, seq, hash) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- The next number to give out.
CREATE TABLE sequences (
    name TEXT NOT NULL PRIMARY KEY CHECK (name IN ('case', 'decision', 'posting')),
    next_number INTEGER NOT NULL CHECK (next_number >= 1)
) STRICT;
INSERT INTO sequences (name, next_number) VALUES ('case', 1), ('decision', 1), ('posting', 1);

CREATE TABLE blobs (
    digest TEXT NOT NULL PRIMARY KEY CHECK (length(digest) = 64),
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0)
) STRICT;

CREATE TABLE blob_chunks (
    digest TEXT NOT NULL REFERENCES blobs (digest) DEFERRABLE INITIALLY DEFERRED,
    chunk_no INTEGER NOT NULL CHECK (chunk_no >= 0),
    bytes BLOB NOT NULL CHECK (length(bytes) BETWEEN 1 AND 1048576),
    PRIMARY KEY (digest, chunk_no)
) STRICT;

CREATE TABLE entities (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    base_currency TEXT NOT NULL CHECK (base_currency GLOB '[A-Z][A-Z][A-Z]'),
    time_zone TEXT NOT NULL,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;

CREATE TABLE accounts (
    account TEXT NOT NULL PRIMARY KEY,
    entity_id TEXT NOT NULL REFERENCES entities (id) DEFERRABLE INITIALLY DEFERRED,
    currency TEXT CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;

CREATE TABLE customers (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    aliases TEXT NOT NULL,
    country TEXT,
    currency TEXT CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    iban TEXT,
    parent_id TEXT,
    withholding_percent TEXT,
    tolerance TEXT,
    emails TEXT NOT NULL,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;

-- The customer is not a foreign key: invoices may arrive before the customer file.
CREATE TABLE items (
    id TEXT NOT NULL PRIMARY KEY,
    customer_id TEXT NOT NULL,
    entity_id TEXT NOT NULL REFERENCES entities (id) DEFERRABLE INITIALLY DEFERRED,
    number TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    issue_date TEXT NOT NULL CHECK (issue_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    due_date TEXT NOT NULL CHECK (due_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    discount_percent TEXT,
    discount_until TEXT CHECK (discount_until GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    on_hold INTEGER NOT NULL CHECK (on_hold IN (0, 1)),
    contract_minor INTEGER,
    contract_currency TEXT CHECK (contract_currency GLOB '[A-Z][A-Z][A-Z]'),
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK ((contract_minor IS NULL) = (contract_currency IS NULL))
) STRICT;
CREATE INDEX items_by_entity ON items (entity_id, id);
CREATE INDEX items_by_customer ON items (customer_id);

-- What is open of an item: as billed, less what postings have cleared. Same sign as billed, never beyond it.
CREATE TABLE item_balances (
    item_id TEXT NOT NULL PRIMARY KEY REFERENCES items (id) DEFERRABLE INITIALLY DEFERRED,
    currency TEXT NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    billed_minor INTEGER NOT NULL,
    open_minor INTEGER NOT NULL,
    CHECK ((billed_minor >= 0 AND open_minor BETWEEN 0 AND billed_minor)
        OR (billed_minor < 0 AND open_minor BETWEEN billed_minor AND 0))
) STRICT;

CREATE TABLE inputs (
    digest TEXT NOT NULL PRIMARY KEY CHECK (length(digest) = 64),
    kind TEXT NOT NULL CHECK (kind IN ('customers', 'invoices', 'statement', 'evidence')),
    name TEXT NOT NULL,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;

CREATE TABLE inputs_taken (
    digest TEXT NOT NULL PRIMARY KEY REFERENCES inputs (digest) DEFERRABLE INITIALLY DEFERRED,
    added INTEGER NOT NULL CHECK (added >= 0),
    known INTEGER NOT NULL CHECK (known >= 0),
    problems INTEGER NOT NULL CHECK (problems >= 0),
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;

CREATE TABLE bank_lines (
    line_key TEXT NOT NULL PRIMARY KEY,
    payment_id TEXT NOT NULL UNIQUE,
    entity_id TEXT NOT NULL REFERENCES entities (id) DEFERRABLE INITIALLY DEFERRED,
    account TEXT NOT NULL,
    input_digest TEXT NOT NULL REFERENCES inputs (digest) DEFERRABLE INITIALLY DEFERRED,
    booking_date TEXT CHECK (booking_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    value_date TEXT CHECK (value_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    counterparty_name TEXT,
    counterparty_account TEXT,
    remittance TEXT,
    structured_reference TEXT,
    end_to_end_id TEXT,
    bank_reference TEXT,
    transaction_code TEXT,
    is_return INTEGER NOT NULL CHECK (is_return IN (0, 1)),
    is_booked INTEGER NOT NULL CHECK (is_booked = 1),
    fee_minor INTEGER,
    fee_currency TEXT CHECK (fee_currency GLOB '[A-Z][A-Z][A-Z]'),
    original_minor INTEGER,
    original_currency TEXT CHECK (original_currency GLOB '[A-Z][A-Z][A-Z]'),
    place TEXT NOT NULL,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK ((fee_minor IS NULL) = (fee_currency IS NULL)),
    CHECK ((original_minor IS NULL) = (original_currency IS NULL))
) STRICT;
CREATE INDEX lines_by_amount ON bank_lines (currency, amount_minor);
CREATE INDEX returned_lines ON bank_lines (entity_id) WHERE is_return = 1 AND amount_minor < 0;

-- What is left of a payment: as received, less what postings have taken. Nothing can be taken from a debit.
CREATE TABLE payment_balances (
    payment_id TEXT NOT NULL PRIMARY KEY REFERENCES bank_lines (payment_id) DEFERRABLE INITIALLY DEFERRED,
    currency TEXT NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    received_minor INTEGER NOT NULL,
    remaining_minor INTEGER NOT NULL,
    CHECK ((received_minor > 0 AND remaining_minor BETWEEN 0 AND received_minor)
        OR (received_minor <= 0 AND remaining_minor = 0))
) STRICT;
CREATE INDEX undecided_payments ON payment_balances (payment_id) WHERE remaining_minor > 0;

CREATE TABLE evidence (
    digest TEXT NOT NULL PRIMARY KEY REFERENCES inputs (digest) DEFERRABLE INITIALLY DEFERRED,
    reading_digest TEXT,
    kind TEXT NOT NULL,
    kind_confidence INTEGER NOT NULL CHECK (kind_confidence BETWEEN 0 AND 1000000),
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;

CREATE TABLE cases (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id >= 1),
    version INTEGER NOT NULL,
    entity_id TEXT REFERENCES entities (id) DEFERRABLE INITIALLY DEFERRED,
    kind TEXT NOT NULL,
    subject_kind TEXT NOT NULL CHECK (subject_kind IN ('payment', 'return', 'evidence', 'input', 'item')),
    subject_id TEXT NOT NULL,
    amount_minor INTEGER,
    currency TEXT CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    headline TEXT NOT NULL,
    reasons TEXT NOT NULL,
    candidates TEXT NOT NULL,
    rejected TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'assigned', 'snoozed', 'resolved')),
    assigned_to TEXT,
    snoozed_until TEXT CHECK (snoozed_until GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    resolved_by INTEGER REFERENCES decisions (id) DEFERRABLE INITIALLY DEFERRED,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK ((amount_minor IS NULL) = (currency IS NULL)),
    CHECK ((assigned_to IS NOT NULL) = (state = 'assigned')),
    CHECK ((snoozed_until IS NOT NULL) = (state = 'snoozed')),
    CHECK ((resolved_by IS NOT NULL) = (state = 'resolved'))
) STRICT;
CREATE UNIQUE INDEX one_pending_case ON cases (subject_kind, subject_id) WHERE state <> 'resolved';
CREATE INDEX cases_by_subject ON cases (subject_kind, subject_id);

CREATE TABLE decisions (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id >= 1),
    decided_at INTEGER NOT NULL,
    today TEXT NOT NULL CHECK (today GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    actor TEXT NOT NULL CHECK (actor = 'rule' OR actor GLOB 'person:*'),
    subject_kind TEXT NOT NULL CHECK (subject_kind IN ('payment', 'return', 'evidence', 'input', 'item')),
    subject_id TEXT NOT NULL,
    case_id INTEGER REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    what TEXT NOT NULL CHECK (what IN ('settled', 'asked', 'approved', 'rejected', 'closed', 'undone')),
    ruling TEXT NOT NULL,
    policy TEXT NOT NULL,
    code TEXT NOT NULL,
    inputs TEXT NOT NULL,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;
CREATE INDEX decisions_by_subject ON decisions (subject_kind, subject_id);

-- The shape of a posting, and that a posting is taken back at most once.
CREATE TABLE postings (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id >= 1),
    decision_id INTEGER NOT NULL REFERENCES decisions (id) DEFERRABLE INITIALLY DEFERRED,
    payment_id TEXT NOT NULL REFERENCES payment_balances (payment_id) DEFERRABLE INITIALLY DEFERRED,
    purpose TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    item_id TEXT REFERENCES item_balances (item_id) DEFERRABLE INITIALLY DEFERRED,
    cleared_minor INTEGER,
    cleared_currency TEXT CHECK (cleared_currency GLOB '[A-Z][A-Z][A-Z]'),
    customer_id TEXT REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED,
    reverses INTEGER UNIQUE REFERENCES postings (id) DEFERRABLE INITIALLY DEFERRED,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK ((item_id IS NULL) = (cleared_minor IS NULL) AND (item_id IS NULL) = (cleared_currency IS NULL)),
    CONSTRAINT posting_shape CHECK (CASE
        WHEN purpose = 'allocation' THEN
            item_id IS NOT NULL AND customer_id IS NULL AND amount_minor <> 0 AND cleared_minor <> 0
            AND (amount_minor > 0) = (cleared_minor > 0) AND (currency <> cleared_currency OR amount_minor = cleared_minor)
        WHEN purpose IN ('discount', 'bank_fee', 'withholding', 'write_off') THEN
            item_id IS NOT NULL AND customer_id IS NULL AND amount_minor = 0 AND cleared_minor <> 0
            AND (cleared_minor > 0) = (reverses IS NULL)
        WHEN purpose = 'unapplied' THEN
            item_id IS NULL AND customer_id IS NOT NULL AND amount_minor <> 0 AND (amount_minor > 0) = (reverses IS NULL)
        WHEN purpose = 'not_ours' THEN
            item_id IS NULL AND customer_id IS NULL AND amount_minor <> 0 AND (amount_minor > 0) = (reverses IS NULL)
        ELSE FALSE END)
) STRICT;
CREATE INDEX postings_by_payment ON postings (payment_id, id);
CREATE INDEX postings_by_item ON postings (item_id) WHERE item_id IS NOT NULL;
CREATE INDEX postings_by_decision ON postings (decision_id, id);

-- Every publication; the last is in force.
CREATE TABLE policies (
    version TEXT NOT NULL,
    text TEXT NOT NULL,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    PRIMARY KEY (audit_seq, change_no)
) STRICT;

-- What is written once stays: corrections are reversals, never edits.
CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END;
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END;
CREATE TRIGGER blobs_no_update BEFORE UPDATE ON blobs BEGIN SELECT RAISE(ABORT, 'blobs is append-only'); END;
CREATE TRIGGER blobs_no_delete BEFORE DELETE ON blobs BEGIN SELECT RAISE(ABORT, 'blobs is append-only'); END;
CREATE TRIGGER blob_chunks_no_update BEFORE UPDATE ON blob_chunks BEGIN SELECT RAISE(ABORT, 'blob_chunks is append-only'); END;
CREATE TRIGGER blob_chunks_no_delete BEFORE DELETE ON blob_chunks BEGIN SELECT RAISE(ABORT, 'blob_chunks is append-only'); END;
CREATE TRIGGER inputs_no_update BEFORE UPDATE ON inputs BEGIN SELECT RAISE(ABORT, 'inputs is append-only'); END;
CREATE TRIGGER inputs_no_delete BEFORE DELETE ON inputs BEGIN SELECT RAISE(ABORT, 'inputs is append-only'); END;
CREATE TRIGGER inputs_taken_no_update BEFORE UPDATE ON inputs_taken BEGIN SELECT RAISE(ABORT, 'inputs_taken is append-only'); END;
CREATE TRIGGER inputs_taken_no_delete BEFORE DELETE ON inputs_taken BEGIN SELECT RAISE(ABORT, 'inputs_taken is append-only'); END;
CREATE TRIGGER bank_lines_no_update BEFORE UPDATE ON bank_lines BEGIN SELECT RAISE(ABORT, 'bank_lines is append-only'); END;
CREATE TRIGGER bank_lines_no_delete BEFORE DELETE ON bank_lines BEGIN SELECT RAISE(ABORT, 'bank_lines is append-only'); END;
CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions is append-only'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions is append-only'); END;
CREATE TRIGGER postings_no_update BEFORE UPDATE ON postings BEGIN SELECT RAISE(ABORT, 'postings is append-only'); END;
CREATE TRIGGER postings_no_delete BEFORE DELETE ON postings BEGIN SELECT RAISE(ABORT, 'postings is append-only'); END;
CREATE TRIGGER policies_no_update BEFORE UPDATE ON policies BEGIN SELECT RAISE(ABORT, 'policies is append-only'); END;
CREATE TRIGGER policies_no_delete BEFORE DELETE ON policies BEGIN SELECT RAISE(ABORT, 'policies is append-only'); END;

-- What changes is never removed.
CREATE TRIGGER chain_head_no_delete BEFORE DELETE ON chain_head BEGIN SELECT RAISE(ABORT, 'rows of chain_head are never removed'); END;
CREATE TRIGGER sequences_no_delete BEFORE DELETE ON sequences BEGIN SELECT RAISE(ABORT, 'rows of sequences are never removed'); END;
CREATE TRIGGER entities_no_delete BEFORE DELETE ON entities BEGIN SELECT RAISE(ABORT, 'rows of entities are never removed'); END;
CREATE TRIGGER accounts_no_delete BEFORE DELETE ON accounts BEGIN SELECT RAISE(ABORT, 'rows of accounts are never removed'); END;
CREATE TRIGGER customers_no_delete BEFORE DELETE ON customers BEGIN SELECT RAISE(ABORT, 'rows of customers are never removed'); END;
CREATE TRIGGER items_no_delete BEFORE DELETE ON items BEGIN SELECT RAISE(ABORT, 'rows of items are never removed'); END;
CREATE TRIGGER item_balances_no_delete BEFORE DELETE ON item_balances BEGIN SELECT RAISE(ABORT, 'rows of item_balances are never removed'); END;
CREATE TRIGGER payment_balances_no_delete BEFORE DELETE ON payment_balances BEGIN SELECT RAISE(ABORT, 'rows of payment_balances are never removed'); END;
CREATE TRIGGER evidence_no_delete BEFORE DELETE ON evidence BEGIN SELECT RAISE(ABORT, 'rows of evidence are never removed'); END;
CREATE TRIGGER cases_no_delete BEFORE DELETE ON cases BEGIN SELECT RAISE(ABORT, 'rows of cases are never removed'); END;

-- The money of an item, and what was received or billed, never change.
CREATE TRIGGER items_money_stays BEFORE UPDATE ON items
WHEN NEW.id <> OLD.id OR NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency
BEGIN SELECT RAISE(ABORT, 'the money of an item never changes'); END;
CREATE TRIGGER item_balances_billed_stays BEFORE UPDATE ON item_balances
WHEN NEW.item_id <> OLD.item_id OR NEW.billed_minor <> OLD.billed_minor OR NEW.currency <> OLD.currency
BEGIN SELECT RAISE(ABORT, 'what was billed never changes'); END;
CREATE TRIGGER payment_balances_received_stays BEFORE UPDATE ON payment_balances
WHEN NEW.payment_id <> OLD.payment_id OR NEW.received_minor <> OLD.received_minor OR NEW.currency <> OLD.currency
BEGIN SELECT RAISE(ABORT, 'what was received never changes'); END;
-- A case changes version by version; the chain grows entry by entry; numbers are not given out twice.
CREATE TRIGGER cases_version_grows BEFORE UPDATE ON cases
WHEN NEW.id <> OLD.id OR NEW.version <= OLD.version
BEGIN SELECT RAISE(ABORT, 'the version of a case only grows'); END;
CREATE TRIGGER chain_head_grows BEFORE UPDATE ON chain_head
WHEN NEW.seq <> OLD.seq + 1
BEGIN SELECT RAISE(ABORT, 'the chain grows entry by entry'); END;
CREATE TRIGGER sequences_grow BEFORE UPDATE ON sequences
WHEN NEW.next_number < OLD.next_number
BEGIN SELECT RAISE(ABORT, 'numbers are not given out twice'); END;
