-- A saved mapping profile can be switched off, and on again; it is never removed.
ALTER TABLE import_profiles ADD COLUMN is_on INTEGER NOT NULL DEFAULT 1 CHECK (is_on IN (0, 1));
