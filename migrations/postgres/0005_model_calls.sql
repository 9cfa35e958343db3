-- Questions to language models that were answered: what they were about, what came back (a blob), and what they cost.
CREATE TABLE model_calls (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(id) = 64),
    question_digest TEXT COLLATE "C" NOT NULL CHECK (length(question_digest) = 64),
    task TEXT COLLATE "C" NOT NULL,
    prompt TEXT COLLATE "C" NOT NULL,
    model TEXT COLLATE "C" NOT NULL,
    evidence_digest TEXT COLLATE "C" NOT NULL CHECK (length(evidence_digest) = 64),
    asked_at BIGINT NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL CHECK (outcome IN ('answered', 'cached', 'unusable')),
    answer_digest TEXT COLLATE "C" NOT NULL CHECK (length(answer_digest) = 64),
    reading_digest TEXT COLLATE "C" NOT NULL CHECK (length(reading_digest) = 64),
    tokens_in BIGINT NOT NULL CHECK (tokens_in >= 0),
    tokens_out BIGINT NOT NULL CHECK (tokens_out >= 0),
    cost_micros BIGINT NOT NULL CHECK (cost_micros >= 0),
    currency CHAR(3) CHECK (currency ~ '^[A-Z]{3}$'),
    audit_seq BIGINT NOT NULL REFERENCES audit_entries (seq) DEFERRABLE INITIALLY DEFERRED,
    change_no BIGINT NOT NULL CHECK (change_no >= 0),
    UNIQUE (audit_seq, change_no),
    CHECK (outcome <> 'cached' OR (tokens_in = 0 AND tokens_out = 0 AND cost_micros = 0))
);
CREATE INDEX model_calls_by_question ON model_calls (question_digest);
CREATE INDEX model_calls_by_evidence ON model_calls (evidence_digest);
CREATE INDEX model_calls_by_day ON model_calls (asked_at);

CREATE TRIGGER model_calls_no_change BEFORE UPDATE OR DELETE ON model_calls FOR EACH ROW EXECUTE FUNCTION refuse('append-only');
CREATE TRIGGER model_calls_no_truncate BEFORE TRUNCATE ON model_calls FOR EACH STATEMENT EXECUTE FUNCTION refuse('append-only');
