-- Whose a case is that was put off: it is theirs again when it shows again.
ALTER TABLE cases ADD COLUMN snoozed_owner TEXT CHECK (snoozed_owner IS NULL OR state = 'snoozed');

-- For the counts beside the list: each is read from its index alone, and only as far as it counts.
CREATE INDEX desk_due_counted ON desk_cases (pending, due_at, entity_id, snoozed_until);
CREATE INDEX desk_snoozed ON desk_cases (pending, snoozed_until, entity_id) WHERE snoozed_until IS NOT NULL;
CREATE INDEX desk_owned ON desk_cases (pending, owner, entity_id, snoozed_until) WHERE owner IS NOT NULL;

-- For the day's figures: what waits by kind and currency, and what of the money nobody has placed.
CREATE INDEX desk_sums ON desk_cases (pending, kind, entity_id, currency, amount_minor, opened_at);
CREATE INDEX undecided_sums ON payment_balances (currency, remaining_minor) WHERE remaining_minor > 0;
