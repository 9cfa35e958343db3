-- The whole book. Every row of an audited table names the change that made it what it is: `audit_seq` (the entry) and
-- `change_no` (from 0, within the entry). Money is two columns; instants are microseconds since 1970 in UTC; civil dates are
-- ISO 8601 text. Foreign keys are deferred: the changes of one change set may name each other in any order.

CREATE TABLE audit_entries (
    seq BIGINT NOT NULL PRIMARY KEY CHECK (seq >= 1),
    entered_at BIGINT NOT NULL,
    actor TEXT NOT NULL CHECK (actor = 'rule' OR actor LIKE 'person:%'),
    changes TEXT NOT NULL,
    previous TEXT NOT NULL CHECK (length(previous) = 64),
    hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64)
);

-- One row: the last entry. Who writes an entry holds this row.
CREATE TABLE chain_head (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL CHECK (seq >= 0),
    hash TEXT NOT NULL CHECK (length(hash) = 64)
);
INSERT INTO chain_head (id, seq, hash) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- The next number to give out.
CREATE TABLE sequences (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (name IN ('case', 'decision', 'posting')),
    next_number BIGINT NOT NULL CHECK (next_number >= 1)
);
INSERT INTO sequences (name, next_number) VALUES ('case', 1), ('decision', 1), ('posting', 1);

CREATE TABLE blobs (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(digest) = 64),
    size_bytes BIGINT NOT NULL CHECK (size_bytes >= 0)
);

CREATE TABLE blob_chunks (
    digest TEXT COLLATE "C" NOT NULL REFERENCES blobs (digest) DEFERRABLE INITIALLY DEFERRED,
    chunk_no BIGINT NOT NULL CHECK (chunk_no >= 0),
    bytes BYTEA NOT NULL CHECK (octet_length(bytes) BETWEEN 1 AND 1048576),
    PRIMARY KEY (digest, chunk_no)
);

CREATE TABLE entities (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    base_currency CHAR(3) NOT NULL CHECK (base_currency ~ '^[A-Z]{3}$'),
    time_zone TEXT NOT NULL,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);

CREATE TABLE accounts (
    account TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    entity_id TEXT COLLATE "C" NOT NULL REFERENCES entities (id) DEFERRABLE INITIALLY DEFERRED,
    currency CHAR(3) CHECK (currency ~ '^[A-Z]{3}$'),
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);

CREATE TABLE customers (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    aliases TEXT NOT NULL,
    country TEXT,
    currency CHAR(3) CHECK (currency ~ '^[A-Z]{3}$'),
    iban TEXT,
    parent_id TEXT COLLATE "C",
    withholding_percent TEXT,
    tolerance TEXT,
    emails TEXT NOT NULL,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);

-- The customer is not a foreign key: invoices may arrive before the customer file.
CREATE TABLE items (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    customer_id TEXT COLLATE "C" NOT NULL,
    entity_id TEXT COLLATE "C" NOT NULL REFERENCES entities (id) DEFERRABLE INITIALLY DEFERRED,
    number TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    issue_date TEXT NOT NULL CHECK (issue_date ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
    due_date TEXT NOT NULL CHECK (due_date ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
    amount_minor BIGINT NOT NULL,
    currency CHAR(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    discount_percent TEXT,
    discount_until TEXT CHECK (discount_until ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
    on_hold BIGINT NOT NULL CHECK (on_hold IN (0, 1)),
    contract_minor BIGINT,
    contract_currency CHAR(3) CHECK (contract_currency ~ '^[A-Z]{3}$'),
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK ((contract_minor IS NULL) = (contract_currency IS NULL))
);
CREATE INDEX items_by_entity ON items (entity_id, id);
CREATE INDEX items_by_customer ON items (customer_id);

-- What is open of an item: as billed, less what postings have cleared. Same sign as billed, never beyond it.
CREATE TABLE item_balances (
    item_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES items (id) DEFERRABLE INITIALLY DEFERRED,
    currency CHAR(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    billed_minor BIGINT NOT NULL,
    open_minor BIGINT NOT NULL,
    CHECK ((billed_minor >= 0 AND open_minor BETWEEN 0 AND billed_minor)
        OR (billed_minor < 0 AND open_minor BETWEEN billed_minor AND 0))
);

CREATE TABLE inputs (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(digest) = 64),
    kind TEXT NOT NULL CHECK (kind IN ('customers', 'invoices', 'statement', 'evidence')),
    name TEXT COLLATE "C" NOT NULL,
    size_bytes BIGINT NOT NULL CHECK (size_bytes >= 0),
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);

CREATE TABLE inputs_taken (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES inputs (digest) DEFERRABLE INITIALLY DEFERRED,
    added BIGINT NOT NULL CHECK (added >= 0),
    known BIGINT NOT NULL CHECK (known >= 0),
    problems BIGINT NOT NULL CHECK (problems >= 0),
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);

CREATE TABLE bank_lines (
    line_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    payment_id TEXT COLLATE "C" NOT NULL UNIQUE,
    entity_id TEXT COLLATE "C" NOT NULL REFERENCES entities (id) DEFERRABLE INITIALLY DEFERRED,
    account TEXT COLLATE "C" NOT NULL,
    input_digest TEXT COLLATE "C" NOT NULL REFERENCES inputs (digest) DEFERRABLE INITIALLY DEFERRED,
    booking_date TEXT CHECK (booking_date ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
    value_date TEXT CHECK (value_date ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
    amount_minor BIGINT NOT NULL,
    currency CHAR(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    counterparty_name TEXT,
    counterparty_account TEXT,
    remittance TEXT,
    structured_reference TEXT,
    end_to_end_id TEXT,
    bank_reference TEXT,
    transaction_code TEXT,
    is_return BIGINT NOT NULL CHECK (is_return IN (0, 1)),
    is_booked BIGINT NOT NULL CHECK (is_booked = 1),
    fee_minor BIGINT,
    fee_currency CHAR(3) CHECK (fee_currency ~ '^[A-Z]{3}$'),
    original_minor BIGINT,
    original_currency CHAR(3) CHECK (original_currency ~ '^[A-Z]{3}$'),
    place TEXT NOT NULL,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK ((fee_minor IS NULL) = (fee_currency IS NULL)),
    CHECK ((original_minor IS NULL) = (original_currency IS NULL))
);
CREATE INDEX lines_by_amount ON bank_lines (currency, amount_minor);
CREATE INDEX returned_lines ON bank_lines (entity_id) WHERE is_return = 1 AND amount_minor < 0;

-- What is left of a payment: as received, less what postings have taken. Nothing can be taken from a debit.
CREATE TABLE payment_balances (
    payment_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES bank_lines (payment_id) DEFERRABLE INITIALLY DEFERRED,
    currency CHAR(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    received_minor BIGINT NOT NULL,
    remaining_minor BIGINT NOT NULL,
    CHECK ((received_minor > 0 AND remaining_minor BETWEEN 0 AND received_minor)
        OR (received_minor <= 0 AND remaining_minor = 0))
);
CREATE INDEX undecided_payments ON payment_balances (payment_id) WHERE remaining_minor > 0;

CREATE TABLE evidence (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES inputs (digest) DEFERRABLE INITIALLY DEFERRED,
    reading_digest TEXT,
    kind TEXT NOT NULL,
    kind_confidence BIGINT NOT NULL CHECK (kind_confidence BETWEEN 0 AND 1000000),
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);

CREATE TABLE cases (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id >= 1),
    version BIGINT NOT NULL,
    entity_id TEXT COLLATE "C" REFERENCES entities (id) DEFERRABLE INITIALLY DEFERRED,
    kind TEXT NOT NULL,
    subject_kind TEXT COLLATE "C" NOT NULL CHECK (subject_kind IN ('payment', 'return', 'evidence', 'input', 'item')),
    subject_id TEXT COLLATE "C" NOT NULL,
    amount_minor BIGINT,
    currency CHAR(3) CHECK (currency ~ '^[A-Z]{3}$'),
    headline TEXT NOT NULL,
    reasons TEXT NOT NULL,
    candidates TEXT NOT NULL,
    rejected TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'assigned', 'snoozed', 'resolved')),
    assigned_to TEXT,
    snoozed_until TEXT CHECK (snoozed_until ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
    resolved_by BIGINT,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK ((amount_minor IS NULL) = (currency IS NULL)),
    CHECK ((assigned_to IS NOT NULL) = (state = 'assigned')),
    CHECK ((snoozed_until IS NOT NULL) = (state = 'snoozed')),
    CHECK ((resolved_by IS NOT NULL) = (state = 'resolved'))
);
CREATE UNIQUE INDEX one_pending_case ON cases (subject_kind, subject_id) WHERE state <> 'resolved';
CREATE INDEX cases_by_subject ON cases (subject_kind, subject_id);

CREATE TABLE decisions (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id >= 1),
    decided_at BIGINT NOT NULL,
    today TEXT NOT NULL CHECK (today ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
    actor TEXT NOT NULL CHECK (actor = 'rule' OR actor LIKE 'person:%'),
    subject_kind TEXT COLLATE "C" NOT NULL CHECK (subject_kind IN ('payment', 'return', 'evidence', 'input', 'item')),
    subject_id TEXT COLLATE "C" NOT NULL,
    case_id BIGINT REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    what TEXT NOT NULL CHECK (what IN ('settled', 'asked', 'approved', 'rejected', 'closed', 'undone')),
    ruling TEXT NOT NULL,
    policy TEXT NOT NULL,
    code TEXT NOT NULL,
    inputs TEXT NOT NULL,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);
ALTER TABLE cases ADD FOREIGN KEY (resolved_by) REFERENCES decisions (id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX decisions_by_subject ON decisions (subject_kind, subject_id);

-- The shape of a posting, and that a posting is taken back at most once.
CREATE TABLE postings (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id >= 1),
    decision_id BIGINT NOT NULL REFERENCES decisions (id) DEFERRABLE INITIALLY DEFERRED,
    payment_id TEXT COLLATE "C" NOT NULL REFERENCES payment_balances (payment_id) DEFERRABLE INITIALLY DEFERRED,
    purpose TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency CHAR(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    item_id TEXT COLLATE "C" REFERENCES item_balances (item_id) DEFERRABLE INITIALLY DEFERRED,
    cleared_minor BIGINT,
    cleared_currency CHAR(3) CHECK (cleared_currency ~ '^[A-Z]{3}$'),
    customer_id TEXT COLLATE "C" REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED,
    reverses BIGINT UNIQUE REFERENCES postings (id) DEFERRABLE INITIALLY DEFERRED,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
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
);
CREATE INDEX postings_by_payment ON postings (payment_id, id);
CREATE INDEX postings_by_item ON postings (item_id) WHERE item_id IS NOT NULL;
CREATE INDEX postings_by_decision ON postings (decision_id, id);

-- Every publication; the last is in force.
CREATE TABLE policies (
    version TEXT NOT NULL,
    text TEXT NOT NULL,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    PRIMARY KEY (audit_seq, change_no)
);

-- What is written once stays: corrections are reversals, never edits. What changes is never removed.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% %: %', TG_TABLE_NAME, lower(TG_OP), TG_ARGV[0];
END $$;

CREATE TRIGGER audit_entries_no_change BEFORE UPDATE OR DELETE ON audit_entries FOR EACH ROW EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER blobs_no_change BEFORE UPDATE OR DELETE ON blobs FOR EACH ROW EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER blobs_no_truncate BEFORE TRUNCATE ON blobs FOR EACH STATEMENT EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER blob_chunks_no_change BEFORE UPDATE OR DELETE ON blob_chunks FOR EACH ROW EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER blob_chunks_no_truncate BEFORE TRUNCATE ON blob_chunks FOR EACH STATEMENT EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER inputs_no_change BEFORE UPDATE OR DELETE ON inputs FOR EACH ROW EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER inputs_no_truncate BEFORE TRUNCATE ON inputs FOR EACH STATEMENT EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER inputs_taken_no_change BEFORE UPDATE OR DELETE ON inputs_taken FOR EACH ROW EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER inputs_taken_no_truncate BEFORE TRUNCATE ON inputs_taken FOR EACH STATEMENT EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER bank_lines_no_change BEFORE UPDATE OR DELETE ON bank_lines FOR EACH ROW EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER bank_lines_no_truncate BEFORE TRUNCATE ON bank_lines FOR EACH STATEMENT EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER decisions_no_change BEFORE UPDATE OR DELETE ON decisions FOR EACH ROW EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER decisions_no_truncate BEFORE TRUNCATE ON decisions FOR EACH STATEMENT EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER postings_no_change BEFORE UPDATE OR DELETE ON postings FOR EACH ROW EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER postings_no_truncate BEFORE TRUNCATE ON postings FOR EACH STATEMENT EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER policies_no_change BEFORE UPDATE OR DELETE ON policies FOR EACH ROW EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER policies_no_truncate BEFORE TRUNCATE ON policies FOR EACH STATEMENT EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER chain_head_no_delete BEFORE DELETE ON chain_head FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER chain_head_no_truncate BEFORE TRUNCATE ON chain_head FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER sequences_no_delete BEFORE DELETE ON sequences FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER sequences_no_truncate BEFORE TRUNCATE ON sequences FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER entities_no_delete BEFORE DELETE ON entities FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER entities_no_truncate BEFORE TRUNCATE ON entities FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER accounts_no_delete BEFORE DELETE ON accounts FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER accounts_no_truncate BEFORE TRUNCATE ON accounts FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER customers_no_delete BEFORE DELETE ON customers FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER customers_no_truncate BEFORE TRUNCATE ON customers FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER items_no_delete BEFORE DELETE ON items FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER items_no_truncate BEFORE TRUNCATE ON items FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER item_balances_no_delete BEFORE DELETE ON item_balances FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER item_balances_no_truncate BEFORE TRUNCATE ON item_balances FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER payment_balances_no_delete BEFORE DELETE ON payment_balances FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER payment_balances_no_truncate BEFORE TRUNCATE ON payment_balances FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER evidence_no_delete BEFORE DELETE ON evidence FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER evidence_no_truncate BEFORE TRUNCATE ON evidence FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER cases_no_delete BEFORE DELETE ON cases FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER cases_no_truncate BEFORE TRUNCATE ON cases FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');

-- The money of an item, and what was received or billed, never change.
CREATE TRIGGER items_money_stays BEFORE UPDATE ON items FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency)
EXECUTE FUNCTION refuse('the money of an item never changes');
CREATE TRIGGER item_balances_billed_stays BEFORE UPDATE ON item_balances FOR EACH ROW
WHEN (NEW.item_id <> OLD.item_id OR NEW.billed_minor <> OLD.billed_minor OR NEW.currency <> OLD.currency)
EXECUTE FUNCTION refuse('what was billed never changes');
CREATE TRIGGER payment_balances_received_stays BEFORE UPDATE ON payment_balances FOR EACH ROW
WHEN (NEW.payment_id <> OLD.payment_id OR NEW.received_minor <> OLD.received_minor OR NEW.currency <> OLD.currency)
EXECUTE FUNCTION refuse('what was received never changes');
-- A case changes version by version; the chain grows entry by entry; numbers are not given out twice.
CREATE TRIGGER cases_version_grows BEFORE UPDATE ON cases FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.version <= OLD.version)
EXECUTE FUNCTION refuse('the version of a case only grows');
CREATE TRIGGER chain_head_grows BEFORE UPDATE ON chain_head FOR EACH ROW
WHEN (NEW.seq <> OLD.seq + 1)
EXECUTE FUNCTION refuse('the chain grows entry by entry');
CREATE TRIGGER sequences_grow BEFORE UPDATE ON sequences FOR EACH ROW
WHEN (NEW.next_number < OLD.next_number)
EXECUTE FUNCTION refuse('numbers are not given out twice');
