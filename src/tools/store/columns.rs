//! The columns of the tables as text for the statements of [`super::sql`], which are put together when the program is built.

/// The columns of a table, as [`super::tables`] has them, each after a prefix. One list for all statements; a test compares it with the table.
macro_rules! columns {
    (aliases $p:literal) => {
        columns!(
            @ $p,
            "id",
            "customer_id",
            "kind",
            "value",
            "taught_by",
            "taught_at",
            "teacher",
            "standing",
            "ended_by",
            "revoked_by",
            "revoked_at"
        )
    };
    (api_tokens $p:literal) => {
        columns!(@ $p, "id", "user_id", "name", "scopes", "hash", "made_at", "expires_at", "revoked_at")
    };
    (passkeys $p:literal) => {
        columns!(@ $p, "id", "user_id", "handle", "name", "public_key", "made_at", "state", "ended_at")
    };
    (audit_entries $p:literal) => {
        columns!(@ $p, "seq", "entered_at", "actor", "changes", "previous", "hash")
    };
    (bank_lines $p:literal) => {
        columns!(
            @ $p,
            "line_key",
            "payment_id",
            "entity_id",
            "account",
            "input_digest",
            "booking_date",
            "value_date",
            "amount_minor",
            "currency",
            "counterparty_name",
            "counterparty_account",
            "remittance",
            "structured_reference",
            "end_to_end_id",
            "bank_reference",
            "transaction_code",
            "is_return",
            "is_booked",
            "fee_minor",
            "fee_currency",
            "original_minor",
            "original_currency",
            "place"
        )
    };
    (case_notes $p:literal) => {
        columns!(@ $p, "id", "case_id", "author", "written_at", "text", "mentions")
    };
    (case_proposals $p:literal) => {
        columns!(@ $p, "case_id", "case_version", "proposed_by", "proposed_at", "candidate", "entries", "state")
    };
    (cases $p:literal) => {
        columns!(
            @ $p,
            "id",
            "version",
            "entity_id",
            "kind",
            "subject_kind",
            "subject_id",
            "amount_minor",
            "currency",
            "headline",
            "reasons",
            "candidates",
            "rejected",
            "opened_at",
            "state",
            "assigned_to",
            "snoozed_until",
            "resolved_by",
            "snoozed_owner"
        )
    };
    (customers $p:literal) => {
        columns!(
            @ $p,
            "id",
            "name",
            "aliases",
            "country",
            "currency",
            "iban",
            "parent_id",
            "withholding_percent",
            "tolerance",
            "emails"
        )
    };
    (decisions $p:literal) => {
        columns!(
            @ $p,
            "id",
            "decided_at",
            "today",
            "actor",
            "subject_kind",
            "subject_id",
            "case_id",
            "what",
            "ruling",
            "policy",
            "code",
            "inputs",
            "rule"
        )
    };
    (entities $p:literal) => {
        columns!(@ $p, "id", "name", "base_currency", "time_zone")
    };
    (evidence $p:literal) => {
        columns!(@ $p, "digest", "reading_digest", "kind", "kind_confidence", "marks")
    };
    (inputs $p:literal) => {
        columns!(@ $p, "digest", "kind", "name", "size_bytes")
    };
    (item_balances $p:literal) => {
        columns!(@ $p, "item_id", "currency", "billed_minor", "open_minor")
    };
    (items $p:literal) => {
        columns!(
            @ $p,
            "id",
            "customer_id",
            "entity_id",
            "number",
            "kind",
            "issue_date",
            "due_date",
            "amount_minor",
            "currency",
            "discount_percent",
            "discount_until",
            "on_hold",
            "contract_minor",
            "contract_currency"
        )
    };
    (model_calls $p:literal) => {
        columns!(
            @ $p,
            "id",
            "question_digest",
            "task",
            "prompt",
            "model",
            "evidence_digest",
            "asked_at",
            "outcome",
            "answer_digest",
            "reading_digest",
            "tokens_in",
            "tokens_out",
            "cost_micros",
            "currency"
        )
    };
    (payment_balances $p:literal) => {
        columns!(@ $p, "payment_id", "currency", "received_minor", "remaining_minor")
    };
    (postings $p:literal) => {
        columns!(
            @ $p,
            "id",
            "decision_id",
            "payment_id",
            "purpose",
            "amount_minor",
            "currency",
            "item_id",
            "cleared_minor",
            "cleared_currency",
            "customer_id",
            "reverses"
        )
    };
    (users $p:literal) => {
        columns!(@ $p, "id", "name", "email", "language", "grants", "issuer", "subject", "is_disabled")
    };
    (webhook_deliveries $p:literal) => {
        columns!(
            @ $p,
            "id",
            "endpoint_id",
            "event",
            "happened_at",
            "data",
            "state",
            "attempts",
            "next_at",
            "last_at",
            "last_status",
            "last_error"
        )
    };
    (webhook_endpoints $p:literal) => {
        columns!(@ $p, "id", "version", "entity_id", "url", "note", "events", "secrets", "state", "made_at")
    };
    (@ $p:literal, $first:literal $(, $more:literal)*) => {
        concat!($p, $first $(, ", ", $p, $more)*)
    };
}

pub(super) use columns;

#[cfg(test)]
mod tests {
    use super::super::tables;

    #[test]
    fn the_lists_of_columns_are_those_of_the_tables() {
        for (written, table) in [
            (columns!(aliases "x."), tables::ALIASES),
            (columns!(api_tokens "x."), tables::API_TOKENS),
            (columns!(audit_entries "x."), tables::AUDIT_ENTRIES),
            (columns!(bank_lines "x."), tables::BANK_LINES),
            (columns!(case_notes "x."), tables::CASE_NOTES),
            (columns!(case_proposals "x."), tables::CASE_PROPOSALS),
            (columns!(cases "x."), tables::CASES),
            (columns!(customers "x."), tables::CUSTOMERS),
            (columns!(decisions "x."), tables::DECISIONS),
            (columns!(entities "x."), tables::ENTITIES),
            (columns!(evidence "x."), tables::EVIDENCE),
            (columns!(inputs "x."), tables::INPUTS),
            (columns!(item_balances "x."), tables::ITEM_BALANCES),
            (columns!(items "x."), tables::ITEMS),
            (columns!(model_calls "x."), tables::MODEL_CALLS),
            (columns!(passkeys "x."), tables::PASSKEYS),
            (columns!(payment_balances "x."), tables::PAYMENT_BALANCES),
            (columns!(postings "x."), tables::POSTINGS),
            (columns!(users "x."), tables::USERS),
            (columns!(webhook_deliveries "x."), super::super::webhooks::DELIVERIES),
            (columns!(webhook_endpoints "x."), tables::WEBHOOK_ENDPOINTS),
        ] {
            assert_eq!(written, table.names("x.", false), "{}", table.name);
        }
    }
}
