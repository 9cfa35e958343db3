//! The statements that do not follow from a table alone. The same text runs on both databases, except where named.
//!
//! `SUM` of a PostgreSQL bigint is a numeric, hence the casts; a bound value whose type does not follow from its place is cast.

use super::columns::columns;
use super::tables::{self, INSERT_SIZES};

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
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
/// Folds SQLite's write-ahead log into the file and empties it.
pub(super) const SQLITE_LOG_EMPTIED: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
/// Lets one after the other look for the key of the database.
pub(super) const POSTGRES_SEALING_KEYS_LOCKED: &str = "LOCK TABLE sealing_keys IN EXCLUSIVE MODE";
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

    ANSWERS_NOT_KEPT = "SELECT id FROM model_calls m WHERE NOT EXISTS (SELECT 1 FROM blobs b WHERE b.digest = m.answer_digest) \
        OR NOT EXISTS (SELECT 1 FROM blobs b WHERE b.digest = m.reading_digest) ORDER BY id LIMIT 100";
    MODEL_SPENT = "SELECT CAST(COALESCE(SUM(tokens_in + tokens_out), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN currency = $2 THEN cost_micros ELSE 0 END), 0) AS BIGINT) \
        FROM model_calls WHERE asked_at >= $1";
    MODEL_ANSWER = concat!(
        "SELECT ",
        columns!(model_calls ""),
        " FROM model_calls WHERE question_digest = $1 AND outcome = 'answered' ORDER BY asked_at DESC, id LIMIT 1"
    );
    MODEL_CALLS_ON = concat!(
        "SELECT ",
        columns!(model_calls ""),
        " FROM model_calls WHERE CAST($1 AS TEXT) IS NULL OR evidence_digest = $1 ORDER BY audit_seq, change_no"
    );

    ENTITIES = concat!(
        "SELECT ",
        columns!(entities ""),
        " FROM entities ORDER BY id"
    );
    ACCOUNTS = "SELECT account, entity_id, currency FROM accounts ORDER BY account";
    INPUT = concat!(
        "SELECT ",
        columns!(inputs "i."),
        ", CASE WHEN t.digest IS NULL OR t.problems > 0 THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END FROM inputs \
            i LEFT JOIN inputs_taken t ON t.digest = i.digest WHERE i.digest = $1"
    );
    ITEM = concat!(
        "SELECT ",
        columns!(items "i."),
        ", ",
        columns!(item_balances "b."),
        " FROM items i JOIN item_balances b ON b.item_id = i.id WHERE i.id = $1"
    );
    ITEMS_OF_ENTITY = concat!(
        "SELECT ",
        columns!(items "i."),
        ", ",
        columns!(item_balances "b."),
        " FROM items i JOIN item_balances b ON b.item_id = i.id WHERE i.entity_id = $1 AND i.id > $2 ORDER BY i.id \
            LIMIT $3"
    );
    CUSTOMERS = concat!(
        "SELECT ",
        columns!(customers ""),
        " FROM customers ORDER BY id"
    );
    CUSTOMERS_OF_ENTITY = concat!(
        "SELECT ",
        columns!(customers "c."),
        " FROM customers c WHERE EXISTS (SELECT 1 FROM items i WHERE i.customer_id = c.id AND i.entity_id = $1) OR NOT \
            EXISTS (SELECT 1 FROM items i WHERE i.customer_id = c.id) ORDER BY c.id"
    );
    PAYMENT = concat!(
        "SELECT ",
        columns!(bank_lines "l."),
        ", ",
        columns!(payment_balances "b."),
        " FROM bank_lines l JOIN payment_balances b ON b.payment_id = l.payment_id WHERE l.payment_id = $1"
    );
    UNDECIDED_PAYMENTS = concat!(
        "SELECT ",
        columns!(bank_lines "l."),
        ", ",
        columns!(payment_balances "b."),
        " FROM payment_balances b JOIN bank_lines l ON b.payment_id = l.payment_id WHERE b.remaining_minor > 0 AND \
            l.entity_id = $1 AND b.payment_id > $2 ORDER BY b.payment_id LIMIT $3"
    );
    PAYMENTS_OF_AMOUNT = concat!(
        "SELECT ",
        columns!(bank_lines "l."),
        ", ",
        columns!(payment_balances "b."),
        " FROM bank_lines l JOIN payment_balances b ON b.payment_id = l.payment_id WHERE l.currency = $1 AND \
            l.amount_minor = $2 ORDER BY l.booking_date, l.payment_id"
    );
    RETURNS = concat!(
        "SELECT ",
        columns!(bank_lines "l."),
        ", ",
        columns!(payment_balances "b."),
        " FROM bank_lines l JOIN payment_balances b ON b.payment_id = l.payment_id WHERE l.entity_id = $1 AND \
            l.is_return = 1 AND l.amount_minor < 0 ORDER BY l.payment_id"
    );
    RETURNS_WITHOUT_CASE = concat!(
        "SELECT ",
        columns!(bank_lines "l."),
        ", ",
        columns!(payment_balances "b."),
        " FROM bank_lines l JOIN payment_balances b ON b.payment_id = l.payment_id WHERE l.entity_id = $1 AND \
            l.is_return = 1 AND l.amount_minor < 0 AND NOT EXISTS ( SELECT 1 FROM cases c WHERE c.subject_kind = 'return' \
            AND c.subject_id = l.payment_id) ORDER BY l.payment_id"
    );
    EVIDENCE = concat!(
        "SELECT ",
        columns!(evidence "e."),
        ", ",
        columns!(inputs "i."),
        " FROM evidence e JOIN inputs i ON i.digest = e.digest WHERE e.audit_seq > $1 ORDER BY i.audit_seq, i.change_no"
    );

    CASES_BY_FILTER = concat!(
        "SELECT ",
        columns!(cases ""),
        " FROM cases WHERE id > $1 AND (CAST($2 AS TEXT) IS NULL OR entity_id = $2) AND (CAST($3 AS TEXT) IS NULL OR \
            kind = $3) AND (CAST($4 AS BIGINT) = 1 OR state <> 'resolved') ORDER BY id LIMIT $5"
    );
    CASES_ON = concat!(
        "SELECT ",
        columns!(cases ""),
        " FROM cases WHERE subject_kind = $1 AND subject_id = $2 ORDER BY id"
    );
    PENDING_CASE = concat!(
        "SELECT ",
        columns!(cases ""),
        " FROM cases WHERE subject_kind = $1 AND subject_id = $2 AND state <> 'resolved'"
    );
    DECISIONS_AFTER = concat!(
        "SELECT ",
        columns!(decisions ""),
        " FROM decisions WHERE id > $1 ORDER BY id LIMIT $2"
    );
    DECISIONS_ON = concat!(
        "SELECT ",
        columns!(decisions ""),
        " FROM decisions WHERE subject_kind = $1 AND subject_id = $2 ORDER BY audit_seq, change_no"
    );
    POSTINGS_OF_DECISION = concat!(
        "SELECT ",
        columns!(postings ""),
        " FROM postings WHERE decision_id = $1 ORDER BY id"
    );
    POSTINGS_OF_PAYMENT = concat!(
        "SELECT ",
        columns!(postings ""),
        " FROM postings WHERE payment_id = $1 ORDER BY audit_seq, change_no"
    );
    POSTINGS_AFTER = concat!(
        "SELECT ",
        columns!(postings ""),
        " FROM postings WHERE id > $1 ORDER BY id LIMIT $2"
    );
    REVERSAL_OF = "SELECT id FROM postings WHERE reverses = $1";
    ALLOCATIONS_AFTER = concat!(
        "SELECT ",
        columns!(postings "p."),
        ", d.actor, d.decided_at, r.id, d.rule FROM postings p JOIN decisions d ON d.id = p.decision_id LEFT JOIN \
            postings r ON r.reverses = p.id WHERE p.id > $1 AND p.reverses IS NULL AND p.item_id IS NOT NULL ORDER BY \
            p.id LIMIT $2"
    );
    BANK_IN = "SELECT currency, CAST(COALESCE(SUM(CASE WHEN amount_minor > 0 THEN amount_minor ELSE 0 END), 0) AS BIGINT) \
        FROM bank_lines WHERE entity_id = $1 GROUP BY currency ORDER BY currency";
    BANK_IN_OF_ALL = "SELECT currency, CAST(COALESCE(SUM(CASE WHEN amount_minor > 0 THEN amount_minor ELSE 0 END), 0) AS BIGINT) \
        FROM bank_lines GROUP BY currency ORDER BY currency";
    UNDECIDED_OF_ALL = "SELECT currency, CAST(SUM(remaining_minor) AS BIGINT) FROM payment_balances WHERE remaining_minor > 0 \
        GROUP BY currency ORDER BY currency";
    UNDECIDED = "SELECT b.currency, CAST(SUM(b.remaining_minor) AS BIGINT) FROM bank_lines l \
        JOIN payment_balances b ON b.payment_id = l.payment_id WHERE l.entity_id = $1 AND b.remaining_minor > 0 \
        GROUP BY b.currency ORDER BY b.currency";
    POSTED_OF_ALL = "SELECT currency, CASE WHEN item_id IS NOT NULL THEN 'applied' ELSE purpose END, \
        CAST(SUM(amount_minor) AS BIGINT) FROM postings GROUP BY 1, 2 ORDER BY 1, 2";
    POSTED = "SELECT p.currency, CASE WHEN p.item_id IS NOT NULL THEN 'applied' ELSE p.purpose END, \
        CAST(SUM(p.amount_minor) AS BIGINT) FROM bank_lines l JOIN postings p ON p.payment_id = l.payment_id \
        WHERE l.entity_id = $1 GROUP BY 1, 2 ORDER BY 1, 2";

    ALIASES = concat!(
        "SELECT ",
        columns!(aliases ""),
        " FROM aliases ORDER BY taught_by, id"
    );
    ALIAS_ENDED_SINCE = "SELECT id FROM aliases WHERE audit_seq > $1 AND standing <> 'active' LIMIT 1";
    POLICY_OF_VERSION = "SELECT version, text FROM policies WHERE version = $1 ORDER BY audit_seq LIMIT 1";
    RULE_USES = "SELECT rule, CAST(COUNT(*) AS BIGINT), CAST(SUM(CASE WHEN what = 'settled' THEN 1 ELSE 0 END) AS BIGINT), \
        CAST(MAX(id) AS BIGINT) FROM decisions WHERE rule IS NOT NULL GROUP BY rule ORDER BY rule";

    CHAIN_END = "SELECT CAST(COALESCE(MAX(seq), 0) AS BIGINT) FROM audit_entries";
    ITEM_CHANGED_SINCE = "SELECT id FROM items WHERE id = $1 AND audit_seq > $2";
    CASE_CHANGED_SINCE = "SELECT subject_id FROM cases WHERE subject_kind = 'payment' AND subject_id = $1 AND audit_seq > $2";
    EVIDENCE_SINCE = "SELECT digest FROM evidence WHERE audit_seq > $1 LIMIT 1";
    ENTRIES_AFTER = concat!(
        "SELECT ",
        columns!(audit_entries ""),
        " FROM audit_entries WHERE seq > $1 ORDER BY seq LIMIT $2"
    );
    ENTRY_SIZES = "SELECT seq, CAST(LENGTH(changes) AS BIGINT) FROM audit_entries WHERE seq > $1 ORDER BY seq LIMIT 1000";
    ENTRIES_BETWEEN = concat!(
        "SELECT ",
        columns!(audit_entries ""),
        " FROM audit_entries WHERE seq > $1 AND seq <= $2 ORDER BY seq"
    );
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
    USERS = concat!(
        "SELECT ",
        columns!(users ""),
        " FROM users ORDER BY id"
    );
    USER_OF_EXTERNAL = concat!(
        "SELECT ",
        columns!(users ""),
        " FROM users WHERE issuer = $1 AND subject = $2"
    );
    /// Every secret with its row, for sealing.
    SECRETS_ALL = "SELECT s.user_id, s.content, COALESCE(c.digest, '') FROM secrets s \
        LEFT JOIN credentials c ON c.user_id = s.user_id ORDER BY s.user_id";
    SECRET_VERSIONS = "SELECT user_id, content, version FROM secrets ORDER BY user_id";
    WEBHOOK_SECRETS_SEALED = "SELECT endpoint_id, secret FROM webhook_secrets ORDER BY endpoint_id";
    SECRET_SEALED = "UPDATE secrets SET content = $2 WHERE user_id = $1 AND content = $3";
    WEBHOOK_SECRETS_ALL = "SELECT digest, secret, digest FROM webhook_secrets ORDER BY digest";
    WEBHOOK_SECRET_SEALED = "UPDATE webhook_secrets SET secret = $2 WHERE digest = $1 AND secret = $3";
    SEALING_KEYS = "SELECT id FROM sealing_keys ORDER BY since, id";
    SEALING_KEY_SET = "INSERT INTO sealing_keys (id, since) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
    SEALING_KEYS_OLD = "DELETE FROM sealing_keys WHERE id <> $1";
    SECRET = "SELECT content FROM secrets WHERE user_id = $1";
    SECRETS_WITH_RECORD = "SELECT s.user_id, s.content, c.digest FROM secrets s LEFT JOIN credentials c ON c.user_id = s.user_id \
        WHERE s.user_id > $1 ORDER BY s.user_id LIMIT 1000";
    CREDENTIALS_WITHOUT_SECRET = "SELECT user_id FROM credentials c WHERE NOT EXISTS (SELECT 1 FROM secrets s WHERE s.user_id = c.user_id) \
        ORDER BY user_id LIMIT 100";
    SECRET_SET = "INSERT INTO secrets (user_id, content, version, totp_step) VALUES ($1, $2, $3, -1) \
        ON CONFLICT (user_id) DO UPDATE SET content = excluded.content, version = excluded.version \
        WHERE secrets.version = excluded.version - 1";
    TOTP_STEP_TAKEN = "UPDATE secrets SET totp_step = $2 WHERE user_id = $1 AND totp_step < $2";
    RECOVERY_CODE_TAKEN = "INSERT INTO used_recovery_codes (user_id, hash, used_at) VALUES ($1, $2, $3) ON CONFLICT (user_id, hash) DO NOTHING";
    USED_RECOVERY_CODES = "SELECT hash FROM used_recovery_codes WHERE user_id = $1";
    SESSION_BEGUN = "INSERT INTO sessions (hash, user_id, started_at, seen_at, ends_at, proved_at, address, agent) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    SESSION = concat!(
        "SELECT s.hash, s.user_id, s.started_at, s.seen_at, s.ends_at, s.proved_at, s.address, s.agent, ",
        columns!(users "u."),
        " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.hash = $1"
    );
    SESSIONS_OF = "SELECT hash, user_id, started_at, seen_at, ends_at, proved_at, address, agent FROM sessions WHERE user_id = $1 \
        ORDER BY seen_at DESC, hash";
    SESSION_SEEN = "UPDATE sessions SET seen_at = $2 WHERE hash = $1 AND seen_at < $2";
    SESSION_RENEWED = "UPDATE sessions SET hash = $2, proved_at = $3 WHERE hash = $1";
    SESSION_ENDED = "DELETE FROM sessions WHERE hash = $1";
    SESSIONS_ENDED = "DELETE FROM sessions WHERE user_id = $1 AND hash <> $2";
    SESSIONS_SWEPT = "DELETE FROM sessions WHERE ends_at <= $1";
    TICKET_PUT = "INSERT INTO tickets (hash, kind, user_id, content, ends_at) VALUES ($1, $2, $3, $4, $5)";
    TICKET = "SELECT hash, kind, user_id, content, ends_at FROM tickets WHERE hash = $1 AND kind = $2 AND ends_at > $3";
    TICKET_TAKEN = "DELETE FROM tickets WHERE hash = $1 AND kind = $2 AND ends_at > $3 RETURNING hash, kind, user_id, content, ends_at";
    TICKETS_ENDED = "DELETE FROM tickets WHERE user_id = $1";
    TICKETS_SWEPT = "DELETE FROM tickets WHERE ends_at <= $1";
    ATTEMPTS = "SELECT failures, first_at, last_at FROM sign_in_attempts WHERE attempt_key = $1";
    ATTEMPT_FAILED = "INSERT INTO sign_in_attempts (attempt_key, failures, first_at, last_at) VALUES ($1, 1, $2, $2) \
        ON CONFLICT (attempt_key) DO UPDATE SET \
            failures = CASE WHEN sign_in_attempts.first_at < $3 THEN 1 ELSE sign_in_attempts.failures + 1 END, \
            first_at = CASE WHEN sign_in_attempts.first_at < $3 THEN excluded.first_at ELSE sign_in_attempts.first_at END, \
            last_at = excluded.last_at RETURNING failures";
    ATTEMPTS_CLEARED = "DELETE FROM sign_in_attempts WHERE attempt_key = $1";
    ATTEMPTS_SWEPT = "DELETE FROM sign_in_attempts WHERE last_at < $1";
    TOKEN_OF_HASH = concat!(
        "SELECT ",
        columns!(api_tokens "t."),
        ", ",
        columns!(users "u."),
        " FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.hash = $1"
    );
    TOKENS = concat!(
        "SELECT ",
        columns!(api_tokens "t."),
        ", x.used_at FROM api_tokens t LEFT JOIN token_uses x ON x.token_id = t.id ORDER BY t.made_at DESC, t.id"
    );
    TOKEN_USED = "INSERT INTO token_uses (token_id, used_at) VALUES ($1, $2) \
        ON CONFLICT (token_id) DO UPDATE SET used_at = excluded.used_at WHERE token_uses.used_at < excluded.used_at - 60000000";

    PASSKEY = concat!(
        "SELECT ",
        columns!(passkeys "p."),
        ", ",
        columns!(users "u."),
        " FROM passkeys p JOIN users u ON u.id = p.user_id WHERE p.id = $1"
    );
    PASSKEYS_OF = concat!(
        "SELECT ",
        columns!(passkeys "p."),
        ", x.used_at FROM passkeys p LEFT JOIN passkey_uses x ON x.passkey_id = p.id WHERE p.user_id = $1 ORDER BY p.made_at, p.id"
    );
    PASSKEY_USED = "INSERT INTO passkey_uses (passkey_id, counter, used_at) \
        SELECT p.id, CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM passkeys p WHERE p.id = $1 AND p.state = 'on' \
        ON CONFLICT (passkey_id) DO UPDATE SET counter = excluded.counter, used_at = excluded.used_at \
        WHERE passkey_uses.counter < excluded.counter OR (passkey_uses.counter = 0 AND excluded.counter = 0)";

    PING = "SELECT COUNT(*) FROM chain_head";
    DECISIONS_BY_QUARTER = "SELECT CAST(d.decided_at / 900000000 AS BIGINT), l.entity_id, d.what, COUNT(*) \
        FROM decisions d JOIN bank_lines l ON l.payment_id = d.subject_id WHERE d.decided_at >= $1 AND d.subject_kind = 'payment' \
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
    PENDING_COUNTS = "SELECT d.kind, d.entity_id, d.currency, COUNT(*), \
        CAST(SUM(CASE WHEN c.subject_kind = 'payment' THEN d.amount_minor ELSE 0 END) AS BIGINT), MIN(d.opened_at) \
        FROM desk_cases d JOIN cases c ON c.id = d.case_id WHERE d.pending = 1 GROUP BY d.kind, d.entity_id, d.currency \
        ORDER BY d.kind, d.entity_id, d.currency";
    CUSTOMER_LINES = concat!(
        "SELECT ",
        columns!(customers ""),
        " FROM customers WHERE (name > $1 OR (name = $1 AND id > $2)) AND (CAST($3 AS TEXT) IS NULL OR LOWER(name) \
            LIKE $3 ESCAPE '!' OR LOWER(id) LIKE $3 ESCAPE '!' OR LOWER(aliases) LIKE $3 ESCAPE '!' OR LOWER(emails) LIKE \
            $3 ESCAPE '!') ORDER BY name, id LIMIT $4"
    );
    ITEMS_OF_CUSTOMER = concat!(
        "SELECT ",
        columns!(items "i."),
        ", ",
        columns!(item_balances "b."),
        " FROM items i JOIN item_balances b ON b.item_id = i.id WHERE i.customer_id = $1 ORDER BY i.issue_date DESC, \
            i.id DESC LIMIT $2"
    );
    MOVEMENTS_OF_CUSTOMER = concat!(
        "SELECT ",
        columns!(postings "p."),
        ", d.actor, d.decided_at FROM postings p JOIN decisions d ON d.id = p.decision_id WHERE p.customer_id = $1 OR \
            p.item_id IN (SELECT id FROM items WHERE customer_id = $1) ORDER BY p.id DESC LIMIT $2"
    );
    INPUTS_BEFORE = concat!(
        "SELECT ",
        columns!(inputs "i."),
        ", i.audit_seq, a.entered_at, a.actor, t.added, t.known, t.problems, c.id FROM inputs i JOIN audit_entries a \
            ON a.seq = i.audit_seq LEFT JOIN inputs_taken t ON t.digest = i.digest LEFT JOIN cases c ON c.subject_kind = \
            'input' AND c.subject_id = i.digest AND c.state <> 'resolved' WHERE i.audit_seq < $1 ORDER BY i.audit_seq \
            DESC, i.change_no DESC LIMIT $2"
    );
    EVIDENCE_BEFORE = concat!(
        "SELECT ",
        columns!(evidence "e."),
        ", ",
        columns!(inputs "i."),
        ", i.audit_seq, a.entered_at, c.id FROM evidence e JOIN inputs i ON i.digest = e.digest JOIN audit_entries a \
            ON a.seq = i.audit_seq LEFT JOIN cases c ON c.subject_kind = 'evidence' AND c.subject_id = e.digest AND \
            c.state <> 'resolved' WHERE i.audit_seq < $1 AND (CAST($2 AS BIGINT) = 0 OR c.id IS NOT NULL) ORDER BY \
            i.audit_seq DESC, i.change_no DESC LIMIT $3"
    );

    PAYMENT_BALANCES_OF_NOTHING = "SELECT payment_id FROM payment_balances b \
        WHERE NOT EXISTS (SELECT 1 FROM bank_lines l WHERE l.payment_id = b.payment_id) ORDER BY payment_id LIMIT 100";
    ITEM_BALANCES_OF_NOTHING = "SELECT item_id FROM item_balances b \
        WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.id = b.item_id) ORDER BY item_id LIMIT 100";

    DESK_PROGRESS = "SELECT seq, change_no, made_under FROM desk_progress WHERE id = 1";
    DESK_PROGRESS_MADE = "UPDATE desk_progress SET seq = $1, change_no = $2, made_under = $3 WHERE id = 1";
    CASES_CHANGED = concat!(
        "SELECT ",
        columns!(cases ""),
        ", audit_seq, change_no FROM cases WHERE (audit_seq, change_no) > ($1, $2) AND audit_seq <= $3 ORDER BY \
            audit_seq, change_no LIMIT $4"
    );
    EVIDENCE_CHANGED = concat!(
        "SELECT ",
        columns!(evidence ""),
        ", audit_seq, change_no FROM evidence WHERE (audit_seq, change_no) > ($1, $2) AND audit_seq <= $3 ORDER BY \
            audit_seq, change_no LIMIT $4"
    );
    DESK_TERMS_FORGOTTEN = "DELETE FROM desk_terms WHERE case_id = $1";
    DESK_EVIDENCE_TERMS_FORGOTTEN = "DELETE FROM desk_evidence_terms WHERE digest = $1";
    EVIDENCE_BY_DIGEST = concat!(
        "SELECT ",
        columns!(evidence "e."),
        ", ",
        columns!(inputs "i."),
        " FROM evidence e JOIN inputs i ON i.digest = e.digest WHERE e.digest = $1"
    );
    EVIDENCE_BY_AMOUNT = "SELECT digest FROM desk_evidence WHERE currency = $1 AND amount_minor = $2 \
        AND (claimed_on IS NULL OR claimed_on BETWEEN $3 AND $4) ORDER BY claimed_on, digest LIMIT $5";
    EVIDENCE_BY_NUMBER = "SELECT digest FROM desk_evidence_terms WHERE term = $1 ORDER BY digest LIMIT $2";
    ITEMS_OF_CUSTOMER_IN = concat!(
        "SELECT ",
        columns!(items "i."),
        ", ",
        columns!(item_balances "b."),
        " FROM items i JOIN item_balances b ON b.item_id = i.id WHERE i.customer_id = $1 AND (CAST($2 AS TEXT) IS NULL \
            OR i.entity_id = $2) ORDER BY CASE WHEN b.open_minor = 0 THEN 1 ELSE 0 END, i.due_date, i.id LIMIT $3"
    );
    ITEMS_LIKE = concat!(
        "SELECT ",
        columns!(items "i."),
        ", ",
        columns!(item_balances "b."),
        " FROM items i JOIN item_balances b ON b.item_id = i.id JOIN customers c ON c.id = i.customer_id WHERE \
            i.entity_id = $1 AND b.open_minor <> 0 AND (LOWER(i.number) LIKE $2 ESCAPE '!' OR LOWER(i.id) LIKE $2 ESCAPE \
            '!' OR LOWER(c.name) LIKE $2 ESCAPE '!') ORDER BY i.due_date, i.id LIMIT $3"
    );
    CUSTOMERS_LIKE = concat!(
        "SELECT ",
        columns!(customers ""),
        " FROM customers WHERE LOWER(name) LIKE $1 ESCAPE '!' OR LOWER(id) LIKE $1 ESCAPE '!' ORDER BY name, id \
            LIMIT $2"
    );
    PAYMENTS_OF_CUSTOMER = concat!(
        "SELECT ",
        columns!(bank_lines "l."),
        ", ",
        columns!(payment_balances "b."),
        " FROM bank_lines l JOIN payment_balances b ON b.payment_id = l.payment_id JOIN ( SELECT payment_id, MAX(id) \
            AS last FROM ( SELECT p.payment_id, p.id FROM items i JOIN postings p ON p.item_id = i.id WHERE i.customer_id \
            = $1 UNION ALL SELECT payment_id, id FROM postings WHERE customer_id = $1) AS posted GROUP BY payment_id) p \
            ON p.payment_id = l.payment_id ORDER BY p.last DESC LIMIT $2"
    );
    UNAPPLIED_OF_CUSTOMER = "SELECT currency, CAST(SUM(amount_minor) AS BIGINT) FROM postings WHERE customer_id = $1 \
        GROUP BY currency HAVING SUM(amount_minor) <> 0 ORDER BY currency";
    DECIDED_FOR_CUSTOMER = concat!(
        "SELECT ",
        columns!(decisions "d."),
        " FROM desk_cases c JOIN cases k ON k.id = c.case_id JOIN decisions d ON d.case_id = c.case_id WHERE c.kind = \
            $1 AND c.customer_id = $2 AND d.what IN ('approved', 'rejected', 'closed') AND d.actor <> 'rule' ORDER BY \
            d.id DESC LIMIT $3"
    );
    DECIDED_FOR_PARTY = concat!(
        "SELECT ",
        columns!(decisions "d."),
        " FROM desk_cases c JOIN decisions d ON d.case_id = c.case_id WHERE c.kind = $1 AND c.party = $2 AND d.what IN \
            ('approved', 'rejected', 'closed') AND d.actor <> 'rule' ORDER BY d.id DESC LIMIT $3"
    );
    NOTES_OF_CASE = concat!(
        "SELECT ",
        columns!(case_notes ""),
        " FROM case_notes WHERE case_id = $1 ORDER BY written_at, id"
    );
    PROPOSALS_WAITING = concat!(
        "SELECT ",
        columns!(case_proposals "p."),
        " FROM case_proposals p JOIN cases c ON c.id = p.case_id WHERE p.state LIKE '%waiting%' AND c.state <> \
            'resolved' ORDER BY p.proposed_at LIMIT $1"
    );
    PRESENCE_FORGOTTEN = "DELETE FROM desk_presence WHERE seen_at < $1";
    PRESENCE_SEEN = "INSERT INTO desk_presence (case_id, user_name, seen_at) VALUES ($1, $2, $3) \
        ON CONFLICT (case_id, user_name) DO UPDATE SET seen_at = excluded.seen_at";
    PRESENT_SINCE = "SELECT case_id, user_name FROM desk_presence WHERE seen_at >= $1 ORDER BY case_id, user_name";
    SETTINGS_OF = "SELECT name, value FROM desk_settings WHERE user_name = $1 ORDER BY name";
    SETTING_FORGOTTEN = "DELETE FROM desk_settings WHERE user_name = $1 AND name = $2";
    SETTING_KEPT = "INSERT INTO desk_settings (user_name, name, value) VALUES ($1, $2, $3)";
    DECISIONS_OF_ENTRY = "SELECT id FROM decisions WHERE audit_seq = $1 AND what IN ('settled', 'approved', 'rejected', 'closed') ORDER BY id";
    DECISIONS_BY_RULE = "SELECT id FROM decisions WHERE actor = 'rule' AND decided_at >= $1 AND decided_at < $2 \
        AND what = 'settled' AND (CAST($3 AS TEXT) IS NULL OR COALESCE(rule, '') = $3) ORDER BY id";
    FIRST_ANSWER = "SELECT request_digest, status, body FROM api_answers WHERE user_name = $1 AND idempotency_key = $2";
    ANSWERS_FORGOTTEN = "DELETE FROM api_answers WHERE answered_at < $1";
    ANSWER_KEPT = "INSERT INTO api_answers (user_name, idempotency_key, request_digest, status, body, answered_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_name, idempotency_key) DO NOTHING";

    LINE_OF_INPUT = "SELECT CAST(1 AS BIGINT) FROM bank_lines WHERE input_digest = $1 LIMIT 1";
    IMPORT_PROFILES = "SELECT p.name, p.version, p.entity_id, p.text, p.is_on, a.actor, a.entered_at FROM import_profiles p \
        JOIN audit_entries a ON a.seq = p.audit_seq ORDER BY p.name";
    LINES_FOUND = "SELECT line_key FROM bank_lines WHERE input_digest = $1 \
        UNION ALL SELECT line_key FROM lines_found WHERE input_digest = $1";
    WEBHOOK_CHANGED = "SELECT a.actor, a.entered_at FROM webhook_endpoints w JOIN audit_entries a ON a.seq = w.audit_seq \
        WHERE w.id = $1";
    WEBHOOK_DELIVERED_SINCE = "SELECT CAST(1 AS BIGINT) FROM webhook_deliveries WHERE endpoint_id = $1 AND state = 'delivered' \
        AND last_at >= $2 LIMIT 1";
    CHAT_WAITING = "SELECT COUNT(*) FROM chat_messages WHERE state = 'waiting'";
    CHAT_RECEIVED = "INSERT INTO chat_messages (id, sender, name, sent_at, received_at, content, state, attempts, next_at) \
        VALUES ($1, $2, $3, $4, $5, $6, 'waiting', 0, $5) ON CONFLICT (id) DO NOTHING";
    CHAT_STEP_TAKEN = "INSERT INTO chat_steps (id, step, at) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET step = excluded.step, \
        at = excluded.at WHERE excluded.step > chat_steps.step";
    CHAT_ANY_DUE = "SELECT CAST(1 AS BIGINT) FROM chat_messages WHERE state = 'waiting' AND next_at <= $1 LIMIT 1";
    CHAT_TAKEN = "UPDATE chat_messages SET state = 'taken', next_at = $3, claim = NULL, outcome = $4, content = $5 WHERE id = $1 AND claim = $2";
    CHAT_AGAIN = "UPDATE chat_messages SET next_at = $3, claim = NULL, outcome = $4 WHERE id = $1 AND claim = $2";
    CHAT_OUTCOME = "SELECT outcome FROM chat_messages WHERE id = $1 AND state = 'taken'";
    CHAT_STEP = "SELECT step FROM chat_steps WHERE id = $1";

    WEBHOOKS = concat!("SELECT ", columns!(webhook_endpoints ""), " FROM webhook_endpoints ORDER BY made_at, id");
    WEBHOOKS_ON = concat!("SELECT ", columns!(webhook_endpoints ""), " FROM webhook_endpoints WHERE state = 'on' ORDER BY id");
    WEBHOOK_SECRETS = "SELECT digest, endpoint_id, secret FROM webhook_secrets ORDER BY digest";
    WEBHOOK_SECRETS_OF = "SELECT digest, secret FROM webhook_secrets WHERE endpoint_id = $1";
    WEBHOOK_SECRET_KEPT = "INSERT INTO webhook_secrets (digest, endpoint_id, secret) VALUES ($1, $2, $3)";
    WEBHOOK_SECRETS_FORGOTTEN = "DELETE FROM webhook_secrets WHERE endpoint_id = $1 AND digest <> $2 AND digest <> $3";
    WEBHOOK_DELIVERIES_DROPPED = "UPDATE webhook_deliveries SET state = 'dropped', claim = NULL, \
        last_error = 'its address was switched off' WHERE endpoint_id = $1 AND state = 'waiting'";
    WEBHOOK_DELIVERIES_OF = concat!(
        "SELECT ",
        columns!(webhook_deliveries ""),
        " FROM webhook_deliveries WHERE endpoint_id = $1 AND (happened_at < $2 OR (happened_at = $2 AND id < $3)) \
            ORDER BY happened_at DESC, id DESC LIMIT $4"
    );
    WEBHOOK_SENT_AGAIN = "UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, next_at = $2, claim = NULL \
        WHERE id = $1 AND state <> 'waiting' \
        AND EXISTS (SELECT 1 FROM webhook_endpoints e WHERE e.id = endpoint_id AND e.state = 'on')";
    WEBHOOK_ANY_DUE = "SELECT CAST(1 AS BIGINT) FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id \
        WHERE d.state = 'waiting' AND d.next_at <= $1 AND e.state = 'on' LIMIT 1";
    WEBHOOK_RUNNING = "SELECT COUNT(*) FROM webhook_deliveries WHERE endpoint_id = $1 AND state = 'waiting' AND claim IS NOT NULL \
        AND next_at > $2";
    WEBHOOK_ENDED = "UPDATE webhook_deliveries SET state = $3, next_at = $4, claim = NULL, last_at = $5, last_status = $6, \
        last_error = $7 WHERE id = $1 AND claim = $2";
    WEBHOOK_DELIVERIES_FORGOTTEN = "DELETE FROM webhook_deliveries WHERE state <> 'waiting' AND happened_at < $1";
    WEBHOOK_DUE_COUNT = "SELECT COUNT(*) FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id \
        WHERE d.state = 'waiting' AND d.next_at <= $1 AND e.state = 'on'";
    WEBHOOK_DELIVERIES_EXPIRED = "UPDATE webhook_deliveries SET state = 'given_up', claim = NULL, \
        last_error = 'it waited longer than messages are kept' WHERE state = 'waiting' AND attempts > 0 AND happened_at < $1";
    WEBHOOK_SENDER = "SELECT seen_at FROM webhook_sender WHERE id = 1";
    WEBHOOK_SENDER_SEEN = "INSERT INTO webhook_sender (id, seen_at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at";
    ENTITY_OF_CASE = "SELECT entity_id FROM cases WHERE id = $1";
    ENTITY_OF_PAYMENT = "SELECT entity_id FROM bank_lines WHERE payment_id = $1";
    ENTITY_OF_ITEM = "SELECT entity_id FROM items WHERE id = $1";
    ENTITIES_OF_INPUT = "SELECT DISTINCT entity_id FROM bank_lines WHERE input_digest = $1 ORDER BY entity_id";
}

/// What is open of customers. Its `$IN` becomes the places of a lookup, and `$TODAY` the one after them.
pub(super) const OPEN_SUMS: &str = "SELECT i.customer_id, i.entity_id, b.currency, COUNT(*), CAST(SUM(b.open_minor) AS BIGINT), \
    CAST(SUM(CASE WHEN i.due_date < $TODAY THEN b.open_minor ELSE 0 END) AS BIGINT), MIN(i.due_date) \
    FROM items i JOIN item_balances b ON b.item_id = i.id WHERE i.customer_id IN ($IN) AND b.open_minor <> 0 \
    GROUP BY i.customer_id, i.entity_id, b.currency ORDER BY i.customer_id, i.entity_id, b.currency";

/// The row of the index's progress, locked.
pub(super) const POSTGRES_DESK_PROGRESS: &str = "SELECT seq, change_no, made_under FROM desk_progress WHERE id = 1 FOR UPDATE";
/// Claims the message of the chat that waits longest.
pub(super) const SQLITE_CHAT_CLAIM: &str = "UPDATE chat_messages SET claim = $2, next_at = $3, attempts = attempts + 1 WHERE id IN (SELECT id \
    FROM chat_messages WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at, id LIMIT 1) \
    RETURNING id, sender, name, sent_at, content, attempts";
/// See [`SQLITE_CHAT_CLAIM`]; whoever asks at the same time passes over what is being claimed.
pub(super) const POSTGRES_CHAT_CLAIM: &str = "UPDATE chat_messages SET claim = $2, next_at = $3, attempts = attempts + 1 WHERE id IN (SELECT id \
    FROM chat_messages WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) \
    RETURNING id, sender, name, sent_at, content, attempts";
/// Claims messages that are due. Whoever asks at the same time waits for this transaction, and finds them claimed.
pub(super) const SQLITE_WEBHOOK_CLAIM: &str = concat!(
    "UPDATE webhook_deliveries SET claim = $4, next_at = $5, attempts = attempts + 1 WHERE id IN (SELECT id FROM webhook_deliveries \
        WHERE endpoint_id = $1 AND state = 'waiting' AND next_at <= $2 ORDER BY next_at, id LIMIT $3) RETURNING ",
    columns!(webhook_deliveries "")
);
/// See [`SQLITE_WEBHOOK_CLAIM`]; whoever asks at the same time passes over what is being claimed.
pub(super) const POSTGRES_WEBHOOK_CLAIM: &str = concat!(
    "UPDATE webhook_deliveries SET claim = $4, next_at = $5, attempts = attempts + 1 WHERE id IN (SELECT id FROM webhook_deliveries \
        WHERE endpoint_id = $1 AND state = 'waiting' AND next_at <= $2 ORDER BY next_at, id LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING ",
    columns!(webhook_deliveries "")
);
/// Decisions on the subjects of some decisions. `$IN` becomes the places of a lookup, here and below.
pub(super) const DECISIONS_ON_SAME: &str = concat!(
    "SELECT ",
    columns!(decisions "d."),
    " FROM decisions o JOIN decisions d ON d.subject_kind = o.subject_kind AND d.subject_id = o.subject_id WHERE \
            o.id IN ($IN)"
);
/// Postings of some decisions.
pub(super) const POSTINGS_OF_DECISIONS: &str =
    concat!("SELECT ", columns!(postings ""), " FROM postings WHERE decision_id IN ($IN) ORDER BY id");
/// Some payments.
pub(super) const PAYMENTS_BY_ID: &str = concat!(
    "SELECT ",
    columns!(bank_lines "l."),
    ", ",
    columns!(payment_balances "b."),
    " FROM bank_lines l JOIN payment_balances b ON b.payment_id = l.payment_id WHERE l.payment_id IN ($IN)"
);

/// Every statement the store runs on one of the databases.
pub(super) fn all(on_postgres: bool) -> Vec<String> {
    let mut statements: Vec<String> = PLAIN.iter().map(|sql| (*sql).to_owned()).collect();
    let own = if on_postgres {
        &[
            POSTGRES_HAS_MIGRATIONS,
            POSTGRES_HEAD,
            POSTGRES_DESK_PROGRESS,
            POSTGRES_WEBHOOK_CLAIM,
            POSTGRES_CHAT_CLAIM,
            POSTGRES_SEALING_KEYS_LOCKED,
        ][..]
    } else {
        &[
            SQLITE_HAS_MIGRATIONS,
            SQLITE_HEAD,
            SQLITE_INTEGRITY,
            SQLITE_FOREIGN_KEYS,
            SQLITE_WEBHOOK_CLAIM,
            SQLITE_CHAT_CLAIM,
            SQLITE_LOG_EMPTIED,
        ][..]
    };
    statements.extend(own.iter().map(|sql| (*sql).to_owned()));
    statements.extend(super::desk::statements());
    statements.extend(super::webhooks::statements());
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
