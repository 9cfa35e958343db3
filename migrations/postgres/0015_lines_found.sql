-- Lines that a table names and another file had booked: a second reading of the table under other columns must find them again. The id is
-- the digest of the table and the key of the line, with a colon between.
CREATE TABLE lines_found (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    input_digest TEXT COLLATE "C" NOT NULL REFERENCES inputs (digest) DEFERRABLE INITIALLY DEFERRED,
    line_key TEXT COLLATE "C" NOT NULL REFERENCES bank_lines (line_key) DEFERRABLE INITIALLY DEFERRED,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);
CREATE INDEX lines_found_in ON lines_found (input_digest);

CREATE TRIGGER lines_found_no_change BEFORE UPDATE OR DELETE ON lines_found FOR EACH ROW EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER lines_found_no_truncate BEFORE TRUNCATE ON lines_found FOR EACH STATEMENT EXECUTE FUNCTION refuse('append-only');
