-- Mapping profiles that people made of files whose columns nobody knew.
CREATE TABLE import_profiles (
    name TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL CHECK (version >= 1),
    entity_id TEXT REFERENCES entities (id) DEFERRABLE INITIALLY DEFERRED,
    text TEXT NOT NULL,
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
) STRICT;

CREATE TRIGGER import_profiles_no_delete BEFORE DELETE ON import_profiles BEGIN SELECT RAISE(ABORT, 'rows of import_profiles are never removed'); END;
