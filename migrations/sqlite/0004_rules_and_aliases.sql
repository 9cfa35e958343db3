-- The rule of the owner that took part in a decision, by its name in the policy of that decision.
ALTER TABLE decisions ADD COLUMN rule TEXT;
CREATE INDEX decisions_by_rule ON decisions (rule, id) WHERE rule IS NOT NULL;

-- What confirmations taught about payers. The row says where it stands now; the log has every step.
CREATE TABLE aliases (
    id TEXT NOT NULL PRIMARY KEY,
    customer_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('account', 'name')),
    value TEXT NOT NULL,
    taught_by INTEGER NOT NULL REFERENCES decisions (id) DEFERRABLE INITIALLY DEFERRED,
    taught_at INTEGER NOT NULL,
    teacher TEXT NOT NULL CHECK (teacher = 'rule' OR teacher GLOB 'person:*'),
    standing TEXT NOT NULL CHECK (standing IN ('active', 'shared', 'third_party', 'withdrawn', 'revoked')),
    ended_by INTEGER REFERENCES decisions (id) DEFERRABLE INITIALLY DEFERRED,
    revoked_by TEXT CHECK (revoked_by = 'rule' OR revoked_by GLOB 'person:*'),
    revoked_at INTEGER,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK ((ended_by IS NOT NULL) = (standing IN ('shared', 'third_party', 'withdrawn'))),
    CHECK ((revoked_by IS NOT NULL) = (standing = 'revoked') AND (revoked_at IS NOT NULL) = (standing = 'revoked'))
) STRICT;
CREATE INDEX aliases_by_decision ON aliases (taught_by);
CREATE TRIGGER aliases_no_delete BEFORE DELETE ON aliases BEGIN SELECT RAISE(ABORT, 'rows of aliases are never removed'); END;
