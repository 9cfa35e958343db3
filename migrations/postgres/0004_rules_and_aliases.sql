-- The rule of the owner that took part in a decision, by its name in the policy of that decision.
ALTER TABLE decisions ADD COLUMN rule TEXT COLLATE "C";
CREATE INDEX decisions_by_rule ON decisions (rule, id) WHERE rule IS NOT NULL;

-- What confirmations taught about payers. The row says where it stands now; the log has every step.
CREATE TABLE aliases (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    customer_id TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('account', 'name')),
    value TEXT NOT NULL,
    taught_by BIGINT NOT NULL REFERENCES decisions (id) DEFERRABLE INITIALLY DEFERRED,
    taught_at BIGINT NOT NULL,
    teacher TEXT NOT NULL CHECK (teacher = 'rule' OR teacher LIKE 'person:%'),
    standing TEXT NOT NULL CHECK (standing IN ('active', 'shared', 'third_party', 'withdrawn', 'revoked')),
    ended_by BIGINT REFERENCES decisions (id) DEFERRABLE INITIALLY DEFERRED,
    revoked_by TEXT CHECK (revoked_by = 'rule' OR revoked_by LIKE 'person:%'),
    revoked_at BIGINT,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK ((ended_by IS NOT NULL) = (standing IN ('shared', 'third_party', 'withdrawn'))),
    CHECK ((revoked_by IS NOT NULL) = (standing = 'revoked') AND (revoked_at IS NOT NULL) = (standing = 'revoked'))
);
CREATE INDEX aliases_by_decision ON aliases (taught_by);
CREATE TRIGGER aliases_no_delete BEFORE DELETE ON aliases FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER aliases_no_truncate BEFORE TRUNCATE ON aliases FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
