-- Secrets are kept sealed with a key that is not in the database. What stands here readable from before is sealed by the next `quittance
-- migrate`, `init` or `serve`; the key with which it was done last is named here, never kept.
CREATE TABLE sealing_keys (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    since INTEGER NOT NULL
) STRICT;

-- The second net: no statement writes a secret that can be read.
CREATE TRIGGER secrets_insert_sealed BEFORE INSERT ON secrets WHEN NEW.content NOT LIKE 'sealed.1.%'
BEGIN SELECT RAISE(ABORT, 'secrets are kept sealed'); END;
CREATE TRIGGER secrets_update_sealed BEFORE UPDATE OF content ON secrets WHEN NEW.content NOT LIKE 'sealed.1.%'
BEGIN SELECT RAISE(ABORT, 'secrets are kept sealed'); END;
CREATE TRIGGER webhook_secrets_insert_sealed BEFORE INSERT ON webhook_secrets WHEN NEW.secret NOT LIKE 'sealed.1.%'
BEGIN SELECT RAISE(ABORT, 'secrets are kept sealed'); END;
CREATE TRIGGER webhook_secrets_update_sealed BEFORE UPDATE OF secret ON webhook_secrets WHEN NEW.secret NOT LIKE 'sealed.1.%'
BEGIN SELECT RAISE(ABORT, 'secrets are kept sealed'); END;
