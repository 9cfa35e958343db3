-- Questions to language models that were answered: what they were about, what came back (a blob), and what they cost.
CREATE TABLE model_calls (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 64),
    question_digest TEXT NOT NULL CHECK (length(question_digest) = 64),
    task TEXT NOT NULL,
    prompt TEXT NOT NULL,
    model TEXT NOT NULL,
    evidence_digest TEXT NOT NULL CHECK (length(evidence_digest) = 64),
    asked_at INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('answered', 'cached', 'unusable')),
    answer_digest TEXT NOT NULL CHECK (length(answer_digest) = 64),
    reading_digest TEXT NOT NULL CHECK (length(reading_digest) = 64),
    tokens_in INTEGER NOT NULL CHECK (tokens_in >= 0),
    tokens_out INTEGER NOT NULL CHECK (tokens_out >= 0),
    cost_micros INTEGER NOT NULL CHECK (cost_micros >= 0),
    currency TEXT CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    audit_seq INTEGER NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no INTEGER NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK (outcome <> 'cached' OR (tokens_in = 0 AND tokens_out = 0 AND cost_micros = 0))
) STRICT;
CREATE INDEX model_calls_by_question ON model_calls (question_digest);
CREATE INDEX model_calls_by_evidence ON model_calls (evidence_digest);
CREATE INDEX model_calls_by_day ON model_calls (asked_at);

CREATE TRIGGER model_calls_no_update BEFORE UPDATE ON model_calls BEGIN SELECT RAISE(ABORT, 'model_calls is append-only'); END;
CREATE TRIGGER model_calls_no_delete BEFORE DELETE ON model_calls BEGIN SELECT RAISE(ABORT, 'model_calls is append-only'); END;
