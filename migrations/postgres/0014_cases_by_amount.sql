-- A search by amount is driven by it where few cases have it.
CREATE INDEX desk_by_amount ON desk_cases (pending, currency, ABS(amount_minor));
