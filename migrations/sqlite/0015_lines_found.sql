-- Lines that a table names and another file had booked: a second reading of the table under other columns must find them again. The id is
-- the digest of the table and the key of the line, with a colon between.
CREATE TABLE lines_found (
    id TEXT NOT NULL PRIMARY KEY,
    input_digest TEXT NOT NULL REFERENCES inputs (digest) DEFERRABLE INITIALLY DEFERRED,
    line_key TEXT NOT NULL REFERENCES bank_lines (line_key) DEFERRABLE INITIALLY DEFERRED,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;
CREATE INDEX lines_found_in ON lines_found (input_digest);

CREATE TRIGGER lines_found_no_update BEFORE UPDATE ON lines_found BEGIN SELECT RAISE(ABORT, 'lines_found is append-only'); END;
CREATE TRIGGER lines_found_no_delete BEFORE DELETE ON lines_found BEGIN SELECT RAISE(ABORT, 'lines_found is append-only'); END;
