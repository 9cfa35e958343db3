//! The statements that do not follow from a table alone. The same text runs on both databases, except where named.
//!
//! `SUM` of a PostgreSQL bigint is a numeric, hence the casts; a bound value whose type does not follow from its place is cast.

use super::tables::{self, INSERT_SIZES};

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)*) => {
        $($(#[$doc])* pub(super) const $name: &str = $sql;)*
        const PLAIN: &[&str] = &[$($name),*];
    };
}

/// Whether the table of migrations is there (SQLite).
pub(super) const SQLITE_HAS_MIGRATIONS: &str =
    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
/// Whether the table of migrations is there (PostgreSQL).
pub(super) const POSTGRES_HAS_MIGRATIONS: &str =
    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = '_sqlx_migrations'";
/// The end of the chain; on PostgreSQL the row is locked, on SQLite the whole transaction is the one writer.
pub(super) const SQLITE_HEAD: &str = "SELECT seq, hash FROM chain_head WHERE id = 1";
/// See [`SQLITE_HEAD`].
pub(super) const POSTGRES_HEAD: &str = "SELECT seq, hash FROM chain_head WHERE id = 1 FOR UPDATE";
/// SQLite's check of its own file.
pub(super) const SQLITE_INTEGRITY: &str = "PRAGMA integrity_check";
/// SQLite's check of its foreign keys.
pub(super) const SQLITE_FOREIGN_KEYS: &str = "PRAGMA foreign_key_check";

statements! {
    NEWEST_MIGRATION = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations";
    HEAD = "SELECT seq, hash FROM chain_head WHERE id = 1";
    HEAD_MOVES = "UPDATE chain_head SET seq = $1, hash = $2 WHERE id = 1 AND seq = $3";
    RESERVE = "UPDATE sequences SET next_number = next_number + $1 WHERE name = $2 RETURNING next_number - $1";
    SEQUENCES = "SELECT name, next_number FROM sequences ORDER BY name";
    HIGHEST_NUMBERS = "SELECT CAST((SELECT COALESCE(MAX(id), 0) FROM cases) AS BIGINT), \
        CAST((SELECT COALESCE(MAX(id), 0) FROM decisions) AS BIGINT), CAST((SELECT COALESCE(MAX(id), 0) FROM postings) AS BIGINT)";
    POLICY_IN_FORCE = "SELECT version, text FROM policies ORDER BY audit_seq DESC, change_no DESC LIMIT 1";

    BLOB_SIZE = "SELECT size_bytes FROM blobs WHERE digest = $1";
    BLOB_ADDED = "INSERT INTO blobs (digest, size_bytes) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
    CHUNK_ADDED = "INSERT INTO blob_chunks (digest, chunk_no, bytes) VALUES ($1, $2, $3)";
    CHUNK = "SELECT bytes FROM blob_chunks WHERE digest = $1 AND chunk_no = $2";
    BLOBS_AFTER = "SELECT digest, size_bytes FROM blobs WHERE digest > $1 ORDER BY digest LIMIT $2";
    CHUNKS_WITHOUT_BLOB = "SELECT digest, chunk_no FROM blob_chunks c WHERE NOT EXISTS (SELECT 1 FROM blobs b WHERE b.digest = c.digest) \
        ORDER BY digest, chunk_no LIMIT 100";
    CHUNK_COUNT = "SELECT COUNT(*) FROM blob_chunks WHERE digest = $1";
    INPUTS_NOT_KEPT = "SELECT digest FROM inputs i WHERE NOT EXISTS (SELECT 1 FROM blobs b WHERE b.digest = i.digest) ORDER BY digest LIMIT 100";
    READINGS_NOT_KEPT = "SELECT digest FROM evidence e WHERE reading_digest IS NOT NULL \
        AND NOT EXISTS (SELECT 1 FROM blobs b WHERE b.digest = e.reading_digest) ORDER BY digest LIMIT 100";

    ENTITIES = "SELECT id, name, base_currency, time_zone FROM entities ORDER BY id";
    ACCOUNTS = "SELECT account, entity_id, currency FROM accounts ORDER BY account";
    INPUT = "SELECT i.digest, i.kind, i.name, i.size_bytes, CASE WHEN t.digest IS NULL OR t.problems > 0 THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END \
        FROM inputs i LEFT JOIN inputs_taken t ON t.digest = i.digest WHERE i.digest = $1";
    ITEM = "SELECT i.id, i.customer_id, i.entity_id, i.number, i.kind, i.issue_date, i.due_date, i.amount_minor, i.currency, \
        i.discount_percent, i.discount_until, i.on_hold, i.contract_minor, i.contract_currency, \
        b.item_id, b.currency, b.billed_minor, b.open_minor \
        FROM items i JOIN item_balances b ON b.item_id = i.id WHERE i.id = $1";
    ITEMS_OF_ENTITY = "SELECT i.id, i.customer_id, i.entity_id, i.number, i.kind, i.issue_date, i.due_date, i.amount_minor, i.currency, \
        i.discount_percent, i.discount_until, i.on_hold, i.contract_minor, i.contract_currency, \
        b.item_id, b.currency, b.billed_minor, b.open_minor \
        FROM items i JOIN item_balances b ON b.item_id = i.id WHERE i.entity_id = $1 AND i.id > $2 ORDER BY i.id LIMIT $3";
    CUSTOMERS = "SELECT id, name, aliases, country, currency, iban, parent_id, withholding_percent, tolerance, emails \
        FROM customers ORDER BY id";
    CUSTOMERS_OF_ENTITY = "SELECT c.id, c.name, c.aliases, c.country, c.currency, c.iban, c.parent_id, c.withholding_percent, c.tolerance, c.emails \
        FROM customers c WHERE EXISTS (SELECT 1 FROM items i WHERE i.customer_id = c.id AND i.entity_id = $1) \
        OR NOT EXISTS (SELECT 1 FROM items i WHERE i.customer_id = c.id) ORDER BY c.id";
    PAYMENT = "SELECT l.line_key, l.payment_id, l.entity_id, l.account, l.input_digest, l.booking_date, l.value_date, l.amount_minor, l.currency, \
        l.counterparty_name, l.counterparty_account, l.remittance, l.structured_reference, l.end_to_end_id, l.bank_reference, \
        l.transaction_code, l.is_return, l.is_booked, l.fee_minor, l.fee_currency, l.original_minor, l.original_currency, l.place, \
        b.payment_id, b.currency, b.received_minor, b.remaining_minor \
        FROM bank_lines l JOIN payment_balances b ON b.payment_id = l.payment_id WHERE l.payment_id = $1";
    UNDECIDED_PAYMENTS = "SELECT l.line_key, l.payment_id, l.entity_id, l.account, l.input_digest, l.booking_date, l.value_date, l.amount_minor, l.currency, \
        l.counterparty_name, l.counterparty_account, l.remittance, l.structured_reference, l.end_to_end_id, l.bank_reference, \
        l.transaction_code, l.is_return, l.is_booked, l.fee_minor, l.fee_currency, l.original_minor, l.original_currency, l.place, \
        b.payment_id, b.currency, b.received_minor, b.remaining_minor \
        FROM payment_balances b JOIN bank_lines l ON b.payment_id = l.payment_id \
        WHERE b.remaining_minor > 0 AND l.entity_id = $1 AND b.payment_id > $2 ORDER BY b.payment_id LIMIT $3";
    PAYMENTS_OF_AMOUNT = "SELECT l.line_key, l.payment_id, l.entity_id, l.account, l.input_digest, l.booking_date, l.value_date, l.amount_minor, l.currency, \
        l.counterparty_name, l.counterparty_account, l.remittance, l.structured_reference, l.end_to_end_id, l.bank_reference, \
        l.transaction_code, l.is_return, l.is_booked, l.fee_minor, l.fee_currency, l.original_minor, l.original_currency, l.place, \
        b.payment_id, b.currency, b.received_minor, b.remaining_minor \
        FROM bank_lines l JOIN payment_balances b ON b.payment_id = l.payment_id WHERE l.currency = $1 AND l.amount_minor = $2 ORDER BY l.booking_date, l.payment_id";
    RETURNS = "SELECT l.line_key, l.payment_id, l.entity_id, l.account, l.input_digest, l.booking_date, l.value_date, l.amount_minor, l.currency, \
        l.counterparty_name, l.counterparty_account, l.remittance, l.structured_reference, l.end_to_end_id, l.bank_reference, \
        l.transaction_code, l.is_return, l.is_booked, l.fee_minor, l.fee_currency, l.original_minor, l.original_currency, l.place, \
        b.payment_id, b.currency, b.received_minor, b.remaining_minor \
        FROM bank_lines l JOIN payment_balances b ON b.payment_id = l.payment_id \
        WHERE l.entity_id = $1 AND l.is_return = 1 AND l.amount_minor < 0 ORDER BY l.payment_id";
    RETURNS_WITHOUT_CASE = "SELECT l.line_key, l.payment_id, l.entity_id, l.account, l.input_digest, l.booking_date, l.value_date, l.amount_minor, l.currency, \
        l.counterparty_name, l.counterparty_account, l.remittance, l.structured_reference, l.end_to_end_id, l.bank_reference, \
        l.transaction_code, l.is_return, l.is_booked, l.fee_minor, l.fee_currency, l.original_minor, l.original_currency, l.place, \
        b.payment_id, b.currency, b.received_minor, b.remaining_minor \
        FROM bank_lines l JOIN payment_balances b ON b.payment_id = l.payment_id \
        WHERE l.entity_id = $1 AND l.is_return = 1 AND l.amount_minor < 0 AND NOT EXISTS ( \
            SELECT 1 FROM cases c WHERE c.subject_kind = 'return' AND c.subject_id = l.payment_id) ORDER BY l.payment_id";
    EVIDENCE = "SELECT e.digest, e.reading_digest, e.kind, e.kind_confidence, i.digest, i.kind, i.name, i.size_bytes \
        FROM evidence e JOIN inputs i ON i.digest = e.digest ORDER BY i.audit_seq, i.change_no";

    CASES_BY_FILTER = "SELECT id, version, entity_id, kind, subject_kind, subject_id, amount_minor, currency, headline, reasons, candidates, rejected, \
        opened_at, state, assigned_to, snoozed_until, resolved_by FROM cases \
        WHERE id > $1 AND (CAST($2 AS TEXT) IS NULL OR entity_id = $2) AND (CAST($3 AS TEXT) IS NULL OR kind = $3) \
        AND (CAST($4 AS BIGINT) = 1 OR state <> 'resolved') ORDER BY id LIMIT $5";
    CASES_ON = "SELECT id, version, entity_id, kind, subject_kind, subject_id, amount_minor, currency, headline, reasons, candidates, rejected, \
        opened_at, state, assigned_to, snoozed_until, resolved_by FROM cases \
        WHERE subject_kind = $1 AND subject_id = $2 ORDER BY id";
    PENDING_CASE = "SELECT id, version, entity_id, kind, subject_kind, subject_id, amount_minor, currency, headline, reasons, candidates, rejected, \
        opened_at, state, assigned_to, snoozed_until, resolved_by FROM cases \
        WHERE subject_kind = $1 AND subject_id = $2 AND state <> 'resolved'";
    DECISIONS_AFTER = "SELECT id, decided_at, today, actor, subject_kind, subject_id, case_id, what, ruling, policy, code, inputs, rule \
        FROM decisions WHERE id > $1 ORDER BY id LIMIT $2";
    DECISIONS_ON = "SELECT id, decided_at, today, actor, subject_kind, subject_id, case_id, what, ruling, policy, code, inputs, rule \
        FROM decisions WHERE subject_kind = $1 AND subject_id = $2 ORDER BY audit_seq, change_no";
    POSTINGS_OF_DECISION = "SELECT id, decision_id, payment_id, purpose, amount_minor, currency, item_id, cleared_minor, cleared_currency, \
        customer_id, reverses FROM postings WHERE decision_id = $1 ORDER BY id";
    POSTINGS_OF_PAYMENT = "SELECT id, decision_id, payment_id, purpose, amount_minor, currency, item_id, cleared_minor, cleared_currency, \
        customer_id, reverses FROM postings WHERE payment_id = $1 ORDER BY audit_seq, change_no";
    POSTINGS_AFTER = "SELECT id, decision_id, payment_id, purpose, amount_minor, currency, item_id, cleared_minor, cleared_currency, \
        customer_id, reverses FROM postings WHERE id > $1 ORDER BY id LIMIT $2";
    REVERSAL_OF = "SELECT id FROM postings WHERE reverses = $1";
    ALLOCATIONS_AFTER = "SELECT p.id, p.decision_id, p.payment_id, p.purpose, p.amount_minor, p.currency, p.item_id, p.cleared_minor, \
        p.cleared_currency, p.customer_id, p.reverses, d.actor, d.decided_at, r.id, d.rule \
        FROM postings p JOIN decisions d ON d.id = p.decision_id LEFT JOIN postings r ON r.reverses = p.id \
        WHERE p.id > $1 AND p.reverses IS NULL AND p.item_id IS NOT NULL ORDER BY p.id LIMIT $2";
    POSITIONS = "SELECT l.currency, \
        CAST(COALESCE(SUM(CASE WHEN l.amount_minor > 0 THEN l.amount_minor ELSE 0 END), 0) AS BIGINT), \
        CAST(COALESCE(SUM(COALESCE(p.applied, 0)), 0) AS BIGINT), \
        CAST(COALESCE(SUM(COALESCE(p.unapplied, 0)), 0) AS BIGINT), \
        CAST(COALESCE(SUM(COALESCE(p.not_ours, 0)), 0) AS BIGINT), \
        CAST(COALESCE(SUM(CASE WHEN l.amount_minor > 0 THEN l.amount_minor - COALESCE(p.posted, 0) ELSE 0 END), 0) AS BIGINT) \
        FROM bank_lines l LEFT JOIN ( \
            SELECT payment_id, SUM(amount_minor) AS posted, \
                SUM(CASE WHEN item_id IS NOT NULL THEN amount_minor ELSE 0 END) AS applied, \
                SUM(CASE WHEN purpose = 'unapplied' THEN amount_minor ELSE 0 END) AS unapplied, \
                SUM(CASE WHEN purpose = 'not_ours' THEN amount_minor ELSE 0 END) AS not_ours \
            FROM postings GROUP BY payment_id) p ON p.payment_id = l.payment_id \
        WHERE (CAST($1 AS TEXT) IS NULL OR l.entity_id = $1) GROUP BY l.currency ORDER BY l.currency";

    ALIASES = "SELECT id, customer_id, kind, value, taught_by, taught_at, teacher, standing, ended_by, revoked_by, revoked_at \
        FROM aliases ORDER BY taught_by, id";
    ALIAS_ENDED_SINCE = "SELECT id FROM aliases WHERE audit_seq > $1 AND standing <> 'active' LIMIT 1";
    POLICY_OF_VERSION = "SELECT version, text FROM policies WHERE version = $1 ORDER BY audit_seq LIMIT 1";
    RULE_USES = "SELECT rule, CAST(COUNT(*) AS BIGINT), CAST(SUM(CASE WHEN what = 'settled' THEN 1 ELSE 0 END) AS BIGINT), \
        CAST(MAX(id) AS BIGINT) FROM decisions WHERE rule IS NOT NULL GROUP BY rule ORDER BY rule";

    CHAIN_END = "SELECT CAST(COALESCE(MAX(seq), 0) AS BIGINT) FROM audit_entries";
    ITEM_CHANGED_SINCE = "SELECT id FROM items WHERE id = $1 AND audit_seq > $2";
    CASE_CHANGED_SINCE = "SELECT subject_id FROM cases WHERE subject_kind = 'payment' AND subject_id = $1 AND audit_seq > $2";
    EVIDENCE_SINCE = "SELECT digest FROM evidence WHERE audit_seq > $1 LIMIT 1";
    ENTRIES_AFTER = "SELECT seq, entered_at, actor, changes, previous, hash FROM audit_entries WHERE seq > $1 ORDER BY seq LIMIT $2";
    ENTRY_SIZES = "SELECT seq, CAST(LENGTH(changes) AS BIGINT) FROM audit_entries WHERE seq > $1 ORDER BY seq LIMIT 1000";
    ENTRIES_BETWEEN = "SELECT seq, entered_at, actor, changes, previous, hash FROM audit_entries WHERE seq > $1 AND seq <= $2 ORDER BY seq";
    WRONG_PAYMENT_BALANCES = "SELECT l.payment_id, l.currency, l.amount_minor, \
        CAST(CASE WHEN l.amount_minor > 0 THEN l.amount_minor ELSE 0 END - COALESCE(p.posted, 0) AS BIGINT), \
        b.currency, b.received_minor, b.remaining_minor \
        FROM bank_lines l LEFT JOIN (SELECT payment_id, SUM(amount_minor) AS posted FROM postings GROUP BY payment_id) p \
            ON p.payment_id = l.payment_id \
        LEFT JOIN payment_balances b ON b.payment_id = l.payment_id \
        WHERE b.payment_id IS NULL OR b.currency <> l.currency OR b.received_minor <> l.amount_minor \
            OR b.remaining_minor <> CASE WHEN l.amount_minor > 0 THEN l.amount_minor ELSE 0 END - COALESCE(p.posted, 0) \
        ORDER BY l.payment_id LIMIT 100";
    WRONG_ITEM_BALANCES = "SELECT i.id, i.currency, i.amount_minor, CAST(i.amount_minor - COALESCE(p.cleared, 0) AS BIGINT), \
        b.currency, b.billed_minor, b.open_minor \
        FROM items i LEFT JOIN (SELECT item_id, SUM(cleared_minor) AS cleared FROM postings WHERE item_id IS NOT NULL GROUP BY item_id) p \
            ON p.item_id = i.id \
        LEFT JOIN item_balances b ON b.item_id = i.id \
        WHERE b.item_id IS NULL OR b.currency <> i.currency OR b.billed_minor <> i.amount_minor \
            OR b.open_minor <> i.amount_minor - COALESCE(p.cleared, 0) \
        ORDER BY i.id LIMIT 100";
    PAYMENT_BALANCES_OF_NOTHING = "SELECT payment_id FROM payment_balances b \
        WHERE NOT EXISTS (SELECT 1 FROM bank_lines l WHERE l.payment_id = b.payment_id) ORDER BY payment_id LIMIT 100";
    ITEM_BALANCES_OF_NOTHING = "SELECT item_id FROM item_balances b \
        WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.id = b.item_id) ORDER BY item_id LIMIT 100";
}

/// Every statement the store runs on one of the databases.
pub(super) fn all(on_postgres: bool) -> Vec<String> {
    let mut statements: Vec<String> = PLAIN.iter().map(|sql| (*sql).to_owned()).collect();
    let own = if on_postgres {
        &[POSTGRES_HAS_MIGRATIONS, POSTGRES_HEAD][..]
    } else {
        &[SQLITE_HAS_MIGRATIONS, SQLITE_HEAD, SQLITE_INTEGRITY, SQLITE_FOREIGN_KEYS][..]
    };
    statements.extend(own.iter().map(|sql| (*sql).to_owned()));
    for table in tables::ALL {
        statements.extend(INSERT_SIZES.map(|rows| table.insert(rows)));
        statements.push(table.by_key());
        statements.push(table.lookup(table.audited));
        statements.push(table.lookup(false));
        if !table.append_only {
            statements.extend(INSERT_SIZES.map(|rows| table.upsert(rows)));
        }
        if table.audited {
            statements.push(table.by_entries());
            statements.push(table.outside());
        }
    }
    statements
}
