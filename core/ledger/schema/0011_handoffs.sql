-- Where a case went to a person, and what came of it (core/ingest/handoffs.py). A row is what one record
-- said, never updated; what is known of a hand-off, which is known by (signal, event_id, handed_at), is what
-- its rows say together. A record that contradicts one before it is refused.
CREATE TABLE handoffs (
    event_id VARCHAR NOT NULL,
    signal VARCHAR NOT NULL,
    queue VARCHAR,
    reviewer VARCHAR,                  -- an opaque id, never an e-mail address
    handed_at TIMESTAMP NOT NULL,
    taken_at TIMESTAMP,
    decided_at TIMESTAMP,
    decision VARCHAR,                  -- what was decided, in the sender's words
    agreed TINYINT CHECK (agreed IN (0, 1)),  -- 1: as the model's answer has it
    import_id INTEGER NOT NULL,
    import_row BIGINT NOT NULL
);
