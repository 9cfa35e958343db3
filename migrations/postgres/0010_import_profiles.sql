-- Mapping profiles that people made of files whose columns nobody knew.
CREATE TABLE import_profiles (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL CHECK (version >= 1),
    entity_id TEXT COLLATE "C" REFERENCES entities (id) DEFERRABLE INITIALLY DEFERRED,
    text TEXT NOT NULL,
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no)
);

CREATE TRIGGER import_profiles_no_delete BEFORE DELETE ON import_profiles FOR EACH ROW EXECUTE FUNCTION refuse('rows are never removed');
CREATE TRIGGER import_profiles_no_truncate BEFORE TRUNCATE ON import_profiles FOR EACH STATEMENT EXECUTE FUNCTION refuse('rows are never removed');
